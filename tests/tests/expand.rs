//! What the macros expand to, formatted, one snapshot per construct. `cargo insta review`, or `INSTA_UPDATE=always` and a
//! look at the difference, takes a change over.

use insta::{assert_snapshot, with_settings};
use mcp_expand::{group, prompt, resource, serve, server, tool};
use proc_macro2::TokenStream;
use quote::quote;

fn check(name: &str, expansion: TokenStream) {
    let file = syn::parse2(expansion).expect("an expansion is valid Rust");
    let text = prettyplease::unparse(&file);
    with_settings!({ snapshot_path => "../snapshots/expand", prepend_module_to_snapshot => false, omit_expression => true }, {
        assert_snapshot!(name, text);
    });
}

fn in_main(expression: &TokenStream) -> TokenStream {
    quote! {
        fn main() {
            let it = #expression;
        }
    }
}

#[test]
fn a_plain_tool() {
    let item = quote! {
        /// Adds two numbers.
        #[inline]
        pub fn add(
            /// The first.
            a: i64,
            b: i64,
        ) -> i64 {
            a + b
        }
    };
    check("plain_tool", tool(quote!(read_only), &item));
}

#[test]
fn an_async_tool_with_everything() {
    let keys = quote! {
        name = "search", title = "Search", icons = "https://example.com/i.png", meta("com.example/cost" = 1), alias = "find",
        deprecated = "use `query`", destructive = false, idempotent, open_world, ignore_unknown
    };
    let item = quote! {
        #[cfg(feature = "search")]
        async fn search_notes(
            db: State<Db>,
            cx: &Context,
            #[inject] caller: &Caller,
            query: &str,
            #[arg(default = 10, range = 1..=100, example = 5)] limit: u32,
            #[arg(length = 1..64, pattern = "^[a-z]+$", header = "Language")] language: Option<String>,
            #[arg(items = ..9, default)] tags: &[String],
            title: Option<Cow<'_, str>>,
        ) -> Result<Vec<Note>, SearchError> {
            db.search(query)
        }
    };
    check("async_tool_with_everything", tool(keys, &item));
}

#[test]
fn a_struct_tool() {
    let item = quote! {
        /// Adds two numbers.
        struct Add {
            /// The first.
            #[arg(range = 0..)]
            a: i64,
            state: State<Db>,
        }
    };
    check("struct_tool", tool(quote!(), &item));
}

#[test]
fn a_resource_template() {
    let keys = quote!("note://{id}{?page}", mime = "text/markdown", audience = ["user"], priority = 0.5);
    let item = quote! {
        fn note(id: u64, page: Option<u32>) -> Result<Option<String>, NoteError> {
            Ok(None)
        }
    };
    check("resource_template", resource(keys, &item));
}

#[test]
fn a_static_resource() {
    let item = quote! {
        fn readme() -> &'static str {
            "Read me."
        }
    };
    check("static_resource", resource(quote!("docs://readme", size = 8), &item));
}

#[test]
fn a_struct_resource() {
    let item = quote! {
        #[derive(Serialize)]
        struct Config {
            verbose: bool,
        }
    };
    check("struct_resource", resource(quote!("config://all"), &item));
}

#[test]
fn a_prompt() {
    let item = quote! {
        fn review(#[arg(complete = ["Rust", "Go"])] language: &str, #[arg(complete = files)] file: Option<&str>) -> String {
            String::new()
        }
    };
    check("prompt", prompt(quote!(crate = renamed), &item));
}

#[test]
fn a_block_of_methods() {
    let item = quote! {
        impl<T: Clone> Counter<T>
        where
            T: Serialize,
        {
            #[tool]
            async fn keep(&self, value: T) -> Vec<T> {
                Vec::new()
            }

            #[cfg(feature = "limit")]
            #[resource("counter://limit")]
            fn limit() -> String {
                String::new()
            }

            fn left_alone(&mut self) {}
        }
    };
    check("block", serve(quote!(), &item));
}

#[test]
fn a_list_for_a_server() {
    let items = quote!(
        add,
        notes::find,
        #[cfg(feature = "admin")]
        admin::wipe,
        Counter::default(),
        (counter)
    );
    check("server", in_main(&server(items)));
}

#[test]
fn a_group_of_another_crate_name() {
    check("group", in_main(&group(quote!(crate = renamed; add, #[cfg(unix)] other))));
}

#[test]
fn a_wrong_item_keeps_what_others_name() {
    let item = quote! {
        #[cfg(unix)]
        fn add(#[arg(defualt = 1)] a: i64, (b, c): (i64, i64)) -> i64 {
            a + b + c
        }
    };
    check("wrong_item", tool(quote!(name = "two words"), &item));
    check(
        "wrong_place",
        tool(
            quote!(),
            &quote!(
                enum Kind {
                    A,
                }
            ),
        ),
    );
}
