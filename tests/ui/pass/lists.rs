//! What a list may hold: paths, nested groups, values, names of values in parentheses, and nothing.

use mcp_runtime::{Group, group, serve, server, testing, tool};

mod inner {
    use mcp_runtime::{Group, group, tool};

    #[tool]
    pub(crate) fn deep() {}

    pub(crate) mod deeper {
        use mcp_runtime::tool;

        #[tool]
        pub fn deepest() {}
    }

    pub(crate) fn group() -> impl Group {
        group![deep, self::deeper::deepest]
    }
}

#[tool]
fn top() {}

struct Unit;

#[serve]
impl Unit {
    #[tool]
    fn unit(&self) {}
}

#[derive(Default)]
struct Named {
    _count: u32,
}

#[serve]
impl Named {
    #[tool]
    fn named() {}
}

/// What a macro makes is named like anything else.
macro_rules! make {
    ($name:ident) => {
        #[tool]
        fn $name() {}
    };
}

make!(made);

fn nested() -> impl Group {
    group![made, inner::group(),]
}

fn main() {
    fn in_a_function() -> mcp_runtime::Server {
        #[tool]
        fn local() {}
        server![local]
    }

    let _ = server![];
    let _ = group![];
    let _ = in_a_function();
    let named = Named { _count: 1 };
    let surface = testing::surface(server![crate::top, nested(), (Unit), (named), { group![] }]);
    let names: Vec<_> =
        surface["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["top", "made", "deep", "deepest", "unit", "named"]);
}
