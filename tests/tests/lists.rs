//! Lists a page at a time: in order of registration, whole, with cursors that tell a client nothing.

use mcp_runtime::{Server, group, prompt, resource, server, tool};
use mcp_tests::connection::{Connection, modern, request};
use serde_json::{Value, json};

macro_rules! items {
    ($($tool:ident $resource:ident $template:ident $prompt:ident $uri:literal $uris:literal;)*) => {
        $(
            /// A tool.
            #[tool]
            fn $tool() {}
            /// A resource.
            #[resource($uri)]
            fn $resource() -> &'static str { "" }
            /// A template.
            #[resource($uris)]
            fn $template(id: u8) -> String { id.to_string() }
            /// A prompt.
            #[prompt]
            fn $prompt() -> &'static str { "" }
        )*
        /// The names in order of registration.
        const NAMES: [(&str, &[&str]); 4] = [
            ("tools", &[$(stringify!($tool)),*]),
            ("resources", &[$(stringify!($resource)),*]),
            ("resourceTemplates", &[$(stringify!($template)),*]),
            ("prompts", &[$(stringify!($prompt)),*]),
        ];
        fn items() -> Server {
            server![$($tool, $prompt, group![$resource, $template]),*]
        }
    };
}

// Not in the order of the alphabet, so that sorting would show.
items! {
    t5 r5 m5 p5 "r://5" "m5://{id}";
    t1 r1 m1 p1 "r://1" "m1://{id}";
    t4 r4 m4 p4 "r://4" "m4://{id}";
    t2 r2 m2 p2 "r://2" "m2://{id}";
    t3 r3 m3 p3 "r://3" "m3://{id}";
}

const METHODS: [&str; 4] = ["tools/list", "resources/list", "resources/templates/list", "prompts/list"];

/// Every page of a list, as names, and the cursors.
async fn pages(connection: &mut Connection, index: usize, is_modern: bool) -> (Vec<Vec<String>>, Vec<String>) {
    let (mut pages, mut cursors): (Vec<Vec<String>>, Vec<String>) = (Vec::new(), Vec::new());
    loop {
        let params = cursors.last().map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
        let message = if is_modern { modern(1, METHODS[index], params) } else { request(1, METHODS[index], params) };
        let answer = connection.ask(&message).await;
        let items = answer["result"][NAMES[index].0].as_array().unwrap_or_else(|| panic!("{answer}"));
        pages.push(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect());
        match answer["result"].get("nextCursor") {
            None => return (pages, cursors),
            Some(cursor) => cursors.push(cursor.as_str().unwrap().to_owned()),
        }
        assert!(pages.len() < 20, "the pages do not end");
    }
}

#[tokio::test(start_paused = true)]
async fn all_pages_together_are_the_list_in_order_of_registration() {
    for (size, lengths) in
        [(0, vec![1; 5]), (1, vec![1; 5]), (2, vec![2, 2, 1]), (4, vec![4, 1]), (5, vec![5]), (1000, vec![5])]
    {
        let mut connection = Connection::handshake(items().page_size(size), "2025-03-26").await;
        for is_modern in [false, true] {
            for (index, (_, names)) in NAMES.iter().enumerate() {
                let (pages, _) = pages(&mut connection, index, is_modern).await;
                assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), lengths, "pages of {size}");
                assert_eq!(pages.concat(), *names);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_is_the_same_whenever_it_is_asked_for() {
    let mut connection = Connection::open(items().page_size(2));
    let (first, cursors) = pages(&mut connection, 0, true).await;
    for (cursor, names) in cursors.iter().zip(&first[1..]).rev() {
        let answer = connection.ask(&modern(1, "tools/list", json!({ "cursor": cursor }))).await;
        let tools = answer["result"]["tools"].as_array().unwrap();
        assert!(tools.iter().map(|tool| &tool["name"]).eq(names), "{answer}");
    }
    assert_eq!(pages(&mut connection, 0, true).await, (first, cursors));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_is_opaque_and_good_for_its_own_list_only() {
    let mut connection = Connection::open(items().page_size(2));
    for (index, own) in METHODS.iter().enumerate() {
        let (_, cursors) = pages(&mut connection, index, true).await;
        assert_eq!(cursors.len(), 2);
        for cursor in &cursors {
            assert!(cursor.parse::<f64>().is_err(), "{cursor} invites arithmetic");
            for method in METHODS {
                let answer = connection.ask(&modern(1, method, json!({ "cursor": cursor }))).await;
                let expected = if method == *own { Value::Null } else { json!(-32602) };
                assert_eq!(answer["error"]["code"], expected, "{cursor} of {own} in {method}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_nothing_is_an_unknown_method_and_no_capability() {
    let mut connection = Connection::open(server![t1]);
    let answer = connection.ask(&modern(1, "server/discover", json!({}))).await;
    assert_eq!(answer["result"]["capabilities"], json!({ "tools": {} }));
    for (index, method) in METHODS.iter().enumerate() {
        let answer = connection.ask(&modern(1, method, json!({}))).await;
        let expected = if index == 0 { Value::Null } else { json!(-32601) };
        assert_eq!(answer["error"]["code"], expected, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn how_long_a_list_may_be_kept_is_told_since_2026_07_28() {
    use mcp_runtime::model::CacheScope;
    let server = items().cache(std::time::Duration::from_mins(1), CacheScope::Public);
    let mut connection = Connection::handshake(server, "2025-11-25").await;
    for method in METHODS {
        let result = connection.ask(&modern(1, method, json!({}))).await["result"].take();
        assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(60_000), &json!("public")), "{method}");
        let result = connection.ask(&request(1, method, json!({}))).await["result"].take();
        assert_eq!((result.get("ttlMs"), result.get("cacheScope")), (None, None), "{method}");
    }
}
