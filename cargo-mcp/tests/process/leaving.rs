//! What is left out where it cannot run.

/// Says why a test cannot look at what it is for, which is a failure where nothing may be left out.
pub(crate) fn left_out(reason: &str) {
    assert!(std::env::var_os("MCP_TESTS_NOTHING_LEFT_OUT").is_none(), "nothing may be left out here: {reason}");
    println!("left out: {reason}");
}
