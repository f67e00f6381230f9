//! `#[cfg]` on an item, on and off, above and below its annotation, in a list, in a group and in a block.

use mcp_runtime::{Group, group, prompt, serve, server, testing, tool};

#[cfg(all())]
#[tool]
fn on_above() {}

#[tool]
#[cfg(all())]
fn on_below() {}

#[cfg(any())]
#[tool]
fn off_above(missing: DoesNotExist) {}

#[tool]
#[cfg(any())]
fn off_below(missing: DoesNotExist) {}

#[cfg(any())]
#[tool]
struct OffStruct {
    missing: DoesNotExist,
}

#[cfg(any())]
#[resource("config://off")]
struct OffConfig {
    missing: DoesNotExist,
}

#[cfg(all())]
#[prompt]
fn ask() -> String {
    "Why?".into()
}

// Of two that exclude each other, one remains, so their names do not clash.
#[cfg(all())]
#[tool(name = "either")]
fn first() {}

#[cfg(any())]
#[tool(name = "either")]
fn second() {}

struct Block;

#[serve]
impl Block {
    #[cfg(all())]
    #[tool(alias = "method_alias")]
    fn method_on(&self, text: &str) -> usize {
        text.len()
    }

    #[tool]
    #[cfg(any())]
    fn method_off(&self, missing: DoesNotExist) {}

    #[cfg(all())]
    #[tool(name = "method_either")]
    fn method_first(&self) {}

    #[cfg(any())]
    #[tool(name = "method_either")]
    fn method_second(&self) {}

    #[cfg(any())]
    #[resource("block://off")]
    fn resource_off(&self) -> DoesNotExist {}
}

fn several() -> impl Group {
    group![
        #[cfg(all())]
        on_below,
        #[cfg(any())]
        off_below,
        #[cfg(any())]
        OffStruct,
    ]
}

fn main() {
    let surface = testing::surface(server![
        #[cfg(all())]
        on_above,
        #[cfg(any())]
        off_above,
        #[cfg(any())]
        OffConfig,
        #[cfg(any())]
        nothing_of_this_name(),
        #[cfg(all())]
        first,
        #[cfg(any())]
        second,
        ask,
        several(),
        (Block),
    ]);
    let names: Vec<_> =
        surface["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["on_above", "either", "on_below", "method_on", "method_either"]);
    assert_eq!(surface["resources"].as_array().unwrap().len(), 0);
    assert_eq!(surface["prompts"][0]["name"], "ask");
}
