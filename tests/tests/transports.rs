//! One scenario over every transport and in every revision: what a client sees does not depend on how it comes, and on the
//! revision only where the scenario says so.

use mcp_runtime::Revision;
use mcp_tests::scenario::{play, play_text};
use mcp_tests::scene;
use mcp_tests::talk::Wire;

const PROGRAM: &str = env!("CARGO_BIN_EXE_scene");

macro_rules! plays {
    ($($module:ident $wire:expr;)*) => { $(
        mod $module {
            use super::*;

            plays! { @revisions $wire;
                in_2024_11_05 V2024_11_05, in_2025_03_26 V2025_03_26, in_2025_06_18 V2025_06_18,
                in_2025_11_25 V2025_11_25, in_2026_07_28 V2026_07_28,
            }
        }
    )* };
    (@revisions $wire:expr; $($name:ident $revision:ident,)*) => { $(
        #[tokio::test]
        async fn $name() {
            let mistakes = play("everything.jsonl", $wire, scene::server, Revision::$revision).await;
            assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
        }
    )* };
}

plays! {
    memory Wire::Memory;
    stdio Wire::Stdio(PROGRAM);
    http Wire::Http;
}

#[tokio::test]
async fn a_scenario_notices_what_comes_otherwise() {
    let add = |members: &str| {
        format!(
            "{{\"open\":{{}}}}\n{{\"request\":\"tools/call\",\"params\":{{\"name\":\"add\",\"arguments\":{{\"a\":1,\"b\":2}}}},{members}}}"
        )
    };
    let right = r#""result":{"content":[{"type":"text","text":"3"}]}"#;
    let check = async |members: &str, count: usize| {
        for wire in [Wire::Memory, Wire::Stdio(PROGRAM), Wire::Http] {
            let mistakes = play_text("a text", &add(members), wire, scene::server, Revision::V2025_06_18).await;
            assert_eq!(mistakes.len(), count, "{members}: {mistakes:?}");
        }
    };
    check(right, 0).await;
    check(&right.replace('3', "4"), 1).await;
    check(&right.replace("result", "result@2025-11-25.."), 1).await;
    check(&right.replace("result", "result@..2025-06-18"), 0).await;
    check(&format!(r#"{right},"said":[{{}}]"#), 1).await;
    check(&format!(r#"{right},"asks":[{{}}]"#), 1).await;
    check(&format!(r#""in":"2026-07-28",{}"#, right.replace('3', "4")), 0).await;
}
