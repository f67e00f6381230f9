//! How a crate fares that uses the framework, seen from outside: strict lints, dead code, a renamed dependency. Each case is
//! a package of its own, made in the target directory and checked with the user's own tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

/// One at a time: they share a target directory.
static CARGO: Mutex<()> = Mutex::new(());

struct Package {
    root: PathBuf,
}

impl Package {
    /// A package with this name, with these lines as its dependency on the runtime and this source.
    fn new(name: &str, runtime: &str, source: &str) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("usage").join(name);
        let path = workspace.join("mcp-runtime");
        let runtime = runtime.replace("PATH", &format!("path = {:?}", path.display().to_string()));
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = \"1.2.3\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
             [dependencies]\n{runtime}\n\
             schemars = {{ version = \"1\", default-features = false, features = [\"derive\", \"std\"] }}\n\
             serde = {{ version = \"1\", features = [\"derive\"] }}\n"
        );
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        fs::copy(workspace.join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
        fs::write(root.join("src/main.rs"), source).unwrap();
        Self { root }
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        let _one = CARGO.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Without this, cargo repeats nothing for a source that is as it was.
        fs::File::open(self.root.join("src/main.rs")).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
        Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("usage").join("target"))
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("RUSTFLAGS")
            .output()
            .unwrap()
    }

    /// What the compiler or clippy said, and whether it was satisfied.
    fn said(&self, arguments: &[&str]) -> (String, bool) {
        let output = self.cargo(arguments);
        let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        (said, output.status.success())
    }
}

const STRICT: &str = "#![deny(
    warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications, single_use_lifetimes,
    trivial_casts, trivial_numeric_casts, unused_lifetimes, let_underscore_drop, non_ascii_idents, unused_import_braces,
    unsafe_code, elided_lifetimes_in_paths, explicit_outlives_requirements, unit_bindings, unused_results, rust_2018_idioms,
    future_incompatible, nonstandard_style, clippy::all, clippy::pedantic, clippy::nursery, clippy::cargo,
    clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::shadow_unrelated,
    clippy::shadow_reuse, clippy::shadow_same, clippy::str_to_string, clippy::allow_attributes, clippy::unreachable,
    clippy::as_conversions, clippy::let_underscore_must_use, clippy::wildcard_imports, clippy::absolute_paths,
    clippy::default_numeric_fallback, clippy::float_arithmetic, clippy::clone_on_ref_ptr, clippy::impl_trait_in_params
)]
#![allow(clippy::cargo_common_metadata, clippy::multiple_crate_versions)]
";

const EVERY_KIND: &str = r#"
//! Every kind of item, public and private.

pub mod items {
    //! The items.

    use core::future::ready;

    use mcp_runtime::{Context, Group, State, group, prompt, resource, serve, tool};
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    /// A note.
    #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
    pub struct Note {
        /// What it says.
        pub text: String,
    }

    /// Adds two numbers.
    #[tool(read_only, title = "Add", alias = ["plus"], meta("com.example/a" = 1))]
    #[must_use]
    pub const fn add(
        /// The first.
        #[arg(default = 1, range = 0..=100)] a: u32,
        /// The second.
        b: u32,
    ) -> u32 {
        a.saturating_add(b)
    }

    /// Finds notes.
    ///
    /// # Errors
    /// Never.
    #[tool]
    pub async fn find(
        notes: State<Vec<Note>>,
        cx: &Context,
        #[arg(length = 1.., pattern = "^[a-z]+$")] query: &str,
        #[arg(items = ..5)] tags: Option<Vec<String>>,
        #[arg(default = 0.5)] weight: f64,
    ) -> Result<Vec<Note>, String> {
        ready(()).await;
        cx.info(query);
        let most = if weight.is_sign_positive() { 9 } else { 1 };
        let is_found = |note: &&Note| note.text.contains(query) && tags.as_ref().is_none_or(Vec::is_empty);
        Ok(notes.iter().filter(is_found).take(most).cloned().collect())
    }

    #[tool(destructive)]
    const fn forget() {}

    /// One note.
    #[resource("note://{id}{?page}", mime = "text/plain")]
    #[must_use]
    pub fn note(notes: &State<Vec<Note>>, id: usize, page: Option<u32>) -> Option<String> {
        let _ = page;
        notes.get(id).map(|note| note.text.clone())
    }

    #[resource("note://all")]
    async fn all(notes: State<Vec<Note>>) -> Result<Vec<Note>, String> {
        ready(()).await;
        Ok(notes.to_vec())
    }

    /// Asks for a review.
    #[prompt]
    #[must_use]
    pub fn review(code: &str, #[arg(complete = ["Rust"])] language: Option<&str>) -> String {
        format!("Review this {}: {code}", language.unwrap_or("code"))
    }

    /// Multiplies.
    #[tool]
    #[derive(Debug)]
    pub struct Multiply {
        /// The first.
        pub a: u32,
        #[arg(default = 2)]
        b: u32,
    }

    impl Multiply {
        const fn call(self, _: &Context) -> u32 {
            self.a.saturating_mul(self.b)
        }
    }

    #[prompt]
    struct Ask {
        question: String,
    }

    impl Ask {
        fn render(self) -> String {
            self.question
        }
    }

    /// How it is set up.
    #[resource("config://all")]
    #[derive(Debug, Serialize)]
    pub struct Config {
        /// Whether it talks.
        pub verbose: bool,
    }

    /// Counts.
    #[derive(Debug, Default)]
    pub struct Counter<T> {
        start: T,
    }

    #[serve]
    impl<T: Clone + Serialize + JsonSchema + Send + Sync + 'static> Counter<T> {
        /// Where it starts.
        #[tool]
        pub fn start(&self) -> Vec<T> {
            vec![self.start.clone()]
        }

        #[resource("counter://{id}")]
        async fn at(&self, id: u32) -> String {
            ready(()).await;
            id.to_string()
        }

        #[prompt]
        fn explain(&self) -> String {
            let _ = &self.start;
            "Explain counting.".to_owned()
        }
    }

    /// All of them.
    #[must_use]
    pub fn group() -> impl Group {
        group![add, find, forget, note, all, review, Multiply, Ask, Config { verbose: true }, Counter::<u8>::default()]
    }
}

fn main() -> mcp_runtime::Result<()> {
    mcp_runtime::server![items::group()].state(Vec::<items::Note>::new()).run_blocking()
}
"#;

/// The crate's documentation must stand before all else but the lints.
fn strict(source: &str) -> String {
    let (doc, rest) = source.trim_start().split_once('\n').unwrap();
    format!("{doc}\n{STRICT}{rest}")
}

fn has_clippy() -> bool {
    Command::new(env!("CARGO")).args(["clippy", "--version"]).output().is_ok_and(|output| output.status.success())
}

#[test]
fn strict_lints_find_nothing_in_what_the_macros_make() {
    if !has_clippy() {
        println!("left out: clippy is not installed");
        return;
    }
    let package = Package::new("strict", "mcp-runtime = { PATH }", &strict(EVERY_KIND));
    let (said, clean) = package.said(&["clippy", "--quiet"]);
    assert!(clean && said.trim().is_empty(), "{said}");

    // The same lints bite on the same crate when there is something to find.
    let wrong = EVERY_KIND.replace("a.saturating_add(b)", "return a.saturating_add(b);");
    let package = Package::new("strict-wrong", "mcp-runtime = { PATH }", &strict(&wrong));
    let (said, clean) = package.said(&["clippy", "--quiet"]);
    assert!(!clean && said.contains("unneeded `return` statement"), "{said}");
}

#[test]
fn an_item_that_nobody_registered_is_a_warning() {
    let source = "
        use mcp_runtime::{prompt, resource, server, tool, Context};

        #[tool]
        fn registered() {}
        #[tool]
        fn forgotten_tool() {}
        #[resource(\"r://x\")]
        async fn forgotten_resource() -> String { String::new() }
        #[prompt]
        fn forgotten_prompt(a: &str) -> String { a.to_owned() }
        #[tool]
        struct RegisteredStruct { a: u32 }
        impl RegisteredStruct { fn call(self, _: &Context) -> u32 { self.a } }
        #[tool]
        struct ForgottenStruct { a: u32 }
        impl ForgottenStruct { fn call(self, _: &Context) -> u32 { self.a } }

        fn main() -> mcp_runtime::Result<()> {
            server![registered, RegisteredStruct].run_blocking()
        }
    ";
    let (said, built) = Package::new("forgotten", "mcp-runtime = { PATH }", source).said(&["check", "--quiet"]);
    assert!(built, "{said}");
    for name in ["forgotten_tool", "forgotten_resource", "forgotten_prompt", "ForgottenStruct"] {
        assert!(said.contains(&format!("`{name}` is never")), "{name} is not named: {said}");
    }
    assert!(!said.contains("`registered` is never"), "{said}");
    assert!(!said.contains("`RegisteredStruct` is never"), "{said}");
}

#[test]
fn a_registered_item_is_no_warning() {
    let source = "
        #![deny(warnings)]
        use mcp_runtime::{prompt, resource, server, tool};

        #[tool]
        fn one() {}
        #[resource(\"r://x\")]
        async fn two() -> String { String::new() }
        #[prompt]
        fn three(a: &str) -> String { a.to_owned() }

        fn main() -> mcp_runtime::Result<()> {
            server![one, two, three].run_blocking()
        }
    ";
    let (said, built) = Package::new("registered", "mcp-runtime = { PATH }", source).said(&["check", "--quiet"]);
    assert!(built && said.trim().is_empty(), "{said}");
}

#[test]
fn the_runtime_may_have_another_name() {
    let source = "
        use renamed::{prompt, resource, serve, server, tool};

        #[tool(crate = renamed)]
        fn add(a: u32, #[arg(default = 1, range = 1..)] b: u32) -> u32 { a + b }
        #[resource(\"r://{id}\", crate = ::renamed)]
        fn text(id: u32) -> String { id.to_string() }
        #[prompt(crate = renamed)]
        fn ask(#[arg(complete = [\"x\"])] a: &str) -> String { a.to_owned() }

        #[tool(crate = renamed)]
        struct Multiply { a: u32 }
        impl Multiply { fn call(self, _: &renamed::Context) -> u32 { self.a } }

        struct Counter;
        #[serve(crate = renamed)]
        impl Counter {
            #[tool]
            fn count(&self) -> u32 { 1 }
        }

        fn group() -> impl renamed::Group {
            renamed::group![crate = renamed; text, ask]
        }

        fn main() -> renamed::Result<()> {
            server![crate = renamed; add, group(), Multiply, (Counter)].run_blocking()
        }
    ";
    let runtime = "renamed = { package = \"mcp-runtime\", PATH }";
    let (said, built) = Package::new("under-another-name", runtime, source).said(&["check", "--quiet"]);
    assert!(built && said.trim().is_empty(), "{said}");

    let (said, built) = Package::new("name-left-out", runtime, &source.replace("#[tool(crate = renamed)]", "#[tool]"))
        .said(&["check", "--quiet"]);
    assert!(!built && said.contains("mcp_runtime"), "{said}");
}
