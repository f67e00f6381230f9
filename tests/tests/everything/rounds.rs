//! The rules of multi round-trip requests (2026-07-28, "Multi Round-Trip Requests"), for everything in the example that asks
//! for input: what is asked, who is not asked, and what a client cannot make of the state it was given.

use super::*;

/// Something that asks: what, what it needs the client to declare, and what it comes to.
struct Asking {
    method: &'static str,
    name: &'static str,
    /// Per round: key, method, answer.
    rounds: Vec<Vec<(&'static str, &'static str, Value)>>,
    outcome: &'static str,
}

const ELICIT: &str = "elicitation/create";
const SAMPLE: &str = "sampling/createMessage";
const ROOTS: &str = "roots/list";

fn accepted(content: Value) -> Value {
    json!({ "action": "accept", "content": content })
}

fn sampled(text: &str) -> Value {
    json!({ "role": "assistant", "content": { "type": "text", "text": text }, "model": "m", "stopReason": "endTurn" })
}

fn all() -> Vec<Asking> {
    let tool = |name, rounds, outcome| Asking { method: "tools/call", name, rounds, outcome };
    let roots = || json!({ "roots": [{ "uri": "file:///home" }] });
    let name = || accepted(json!({ "name": "Ada" }));
    let confirm = || vec![("confirm", ELICIT, accepted(json!({ "ok": true })))];
    vec![
        tool("test_input_required_result_elicitation", vec![vec![("user_name", ELICIT, name())]], "Hello, Ada!"),
        tool(
            "test_input_required_result_sampling",
            vec![vec![("capital_question", SAMPLE, sampled("Paris"))]],
            "Paris",
        ),
        tool("test_input_required_result_list_roots", vec![vec![("client_roots", ROOTS, roots())]], "file:///home"),
        tool("test_input_required_result_request_state", vec![confirm()], "state-ok: true"),
        tool("test_input_required_result_tampered_state", vec![confirm()], "Accepted(Confirmation { ok: true })"),
        tool(
            "test_input_required_result_multiple_inputs",
            vec![vec![
                ("user_name", ELICIT, name()),
                ("greeting", SAMPLE, sampled("Hello.")),
                ("client_roots", ROOTS, roots()),
            ]],
            "Accepted(Name { name: \"Ada\" }), Hello., 1 roots",
        ),
        tool(
            "test_input_required_result_multi_round",
            vec![vec![("step1", ELICIT, name())], vec![("step2", ELICIT, accepted(json!({ "ok": true })))]],
            "Ada: Accepted(Confirmation { ok: true })",
        ),
        tool(
            "test_input_required_result_capabilities",
            vec![vec![("ask-1", ELICIT, name())]],
            "Accepted(Name { name: \"Ada\" })",
        ),
        Asking {
            method: "prompts/get",
            name: "test_input_required_result_prompt",
            rounds: vec![vec![("user_context", ELICIT, accepted(json!({ "context": "trees" })))]],
            outcome: "Talk about trees.",
        },
    ]
}

/// Asks with what is carried along, and takes the answer.
fn round(pipe: &mut Pipe, asking: &Asking, carried: Value, capabilities: Value) -> Value {
    pipe.ask_modern("round", asking.method, params(asking, carried), capabilities);
    received(pipe)
}

fn params(asking: &Asking, mut carried: Value) -> Value {
    carried["name"] = asking.name.into();
    carried
}

fn received(pipe: &mut Pipe) -> Value {
    let answer = pipe.receive();
    assert_eq!(answer["id"], "round", "{answer}");
    answer
}

/// The keys and methods that an answer asks for; fails if the answer is no question or has no state.
fn asked(answer: &Value) -> BTreeMap<String, String> {
    let result = &answer["result"];
    assert_eq!(result["resultType"], "input_required", "{answer}");
    assert!(result["requestState"].is_string(), "{answer}");
    let requests = result["inputRequests"].as_object().unwrap_or_else(|| panic!("nothing is asked in {answer}"));
    requests.iter().map(|(key, request)| (key.clone(), request["method"].as_str().unwrap().to_owned())).collect()
}

fn expected(round: &[(&str, &str, Value)]) -> BTreeMap<String, String> {
    round.iter().map(|(key, method, _)| ((*key).to_owned(), (*method).to_owned())).collect()
}

fn answers(round: &[(&str, &str, Value)]) -> Value {
    Value::Object(round.iter().map(|(key, _, answer)| ((*key).to_owned(), answer.clone())).collect())
}

fn outcome(answer: &Value) -> &str {
    assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
    let result = &answer["result"];
    let content = result.get("messages").map_or(&result["content"][0], |messages| &messages[0]["content"]);
    content["text"].as_str().unwrap_or_else(|| panic!("no text in {answer}"))
}

/// The last question of something that asks, and all that is to be carried along for the end.
fn last_round(pipe: &mut Pipe, asking: &Asking) -> Value {
    let mut carried = json!({});
    for step in &asking.rounds {
        let answer = round(pipe, asking, carried, everything());
        assert_eq!(asked(&answer), expected(step), "{}", asking.name);
        carried = json!({ "requestState": answer["result"]["requestState"], "inputResponses": answers(step) });
    }
    carried
}

#[test]
fn whatever_asks_goes_on_with_the_answers_and_may_be_answered_again() {
    let mut pipe = Pipe::start(EVERYTHING);
    for asking in all() {
        let mut carried = last_round(&mut pipe, &asking);
        for _ in 0..2 {
            assert_eq!(outcome(&round(&mut pipe, &asking, carried.clone(), everything())), asking.outcome);
        }
        // What nobody asked for is passed over.
        carried["inputResponses"]["unheard of"] = json!({ "action": "accept" });
        assert_eq!(outcome(&round(&mut pipe, &asking, carried, everything())), asking.outcome);
    }
    pipe.close();
}

#[test]
fn what_was_not_answered_is_asked_again_and_what_was_is_not() {
    let mut pipe = Pipe::start(EVERYTHING);
    for asking in all() {
        let mut carried = last_round(&mut pipe, &asking);
        let last = asking.rounds.last().unwrap();
        for (index, (key, _, answer)) in last.iter().enumerate() {
            // The state remembers the answers of earlier rounds; only those of this one are sent.
            carried["inputResponses"] = json!({});
            let none = round(&mut pipe, &asking, carried.clone(), everything());
            assert_eq!(asked(&none), expected(&last[index..]), "{}", asking.name);
            carried["inputResponses"] = json!({ *key: answer });
            carried["requestState"] = none["result"]["requestState"].clone();
            let next = round(&mut pipe, &asking, carried.clone(), everything());
            if index + 1 == last.len() {
                assert_eq!(outcome(&next), asking.outcome);
            } else {
                assert_eq!(asked(&next), expected(&last[index + 1..]), "{}", asking.name);
                carried["requestState"] = next["result"]["requestState"].clone();
            }
        }
        // Nothing at all begins from the start.
        let first = round(&mut pipe, &asking, json!({ "inputResponses": {} }), everything());
        assert_eq!(asked(&first), expected(&asking.rounds[0]), "{}", asking.name);
    }
    pipe.close();
}

#[test]
fn a_state_is_good_for_what_it_was_given_for_and_only_as_it_was_given() {
    let (mut pipe, mut other) = (Pipe::start(EVERYTHING), Pipe::start(EVERYTHING));
    let all = all();
    for (index, asking) in all.iter().enumerate() {
        let carried = last_round(&mut pipe, asking);
        let state = carried["requestState"].as_str().unwrap().to_owned();
        let refused = |pipe: &mut Pipe, asking: &Asking, change: &dyn Fn(&mut Value)| {
            let mut changed = carried.clone();
            change(&mut changed);
            let answer = round(pipe, asking, changed, everything());
            assert_eq!(answer["error"]["code"], -32602, "{}: {answer}", asking.name);
        };
        let mut middle = state.clone().into_bytes();
        let place = middle.len() / 2;
        middle[place] = if middle[place] == b'A' { b'B' } else { b'A' };
        let middle = String::from_utf8(middle).unwrap();
        for wrong in
            [middle, state[1..].to_owned(), state[..state.len() - 1].to_owned(), format!("{state}A"), String::new()]
        {
            refused(&mut pipe, asking, &|carried| carried["requestState"] = wrong.clone().into());
        }
        refused(&mut pipe, asking, &|carried| carried["arguments"] = json!({ "more": "than before" }));
        refused(&mut pipe, &all[(index + 1) % all.len()], &|_| {});
        refused(&mut other, asking, &|_| {});
        // As it was given, it is good.
        assert_eq!(outcome(&round(&mut pipe, asking, carried.clone(), everything())), asking.outcome);
    }
}

#[test]
fn a_client_is_asked_only_what_it_declares_that_it_can_do() {
    let mut pipe = Pipe::start(EVERYTHING);
    let declared = [(ELICIT, "elicitation"), (SAMPLE, "sampling"), (ROOTS, "roots")];
    for asking in all() {
        if asking.name.ends_with("_capabilities") {
            continue;
        }
        for (method, member) in declared {
            let is_needed = asking.rounds.iter().flatten().any(|(_, asked, _)| *asked == method);
            let mut capabilities = everything();
            capabilities.as_object_mut().unwrap().remove(member);
            let mut answer = round(&mut pipe, &asking, json!({}), capabilities.clone());
            if is_needed && asking.rounds[0].len() > 1 {
                // Whoever asks for several things at once is given the others first.
                let others: Vec<_> =
                    asking.rounds[0].iter().filter(|(_, other, _)| *other != method).cloned().collect();
                assert_eq!(asked(&answer), expected(&others), "{}", asking.name);
                let state = &answer["result"]["requestState"];
                let carried = json!({ "requestState": state, "inputResponses": answers(&others) });
                answer = round(&mut pipe, &asking, carried, capabilities);
            }
            if is_needed {
                assert_eq!(answer["error"]["code"], -32021, "{}: {answer}", asking.name);
                assert!(answer["error"]["data"]["requiredCapabilities"].get(member).is_some(), "{answer}");
            } else {
                assert_eq!(asked(&answer), expected(&asking.rounds[0]), "{}", asking.name);
            }
        }
    }
    // One that has another way takes it.
    let all = all();
    let asking = all.iter().find(|asking| asking.name.ends_with("_capabilities")).unwrap();
    let answer = round(&mut pipe, asking, json!({}), json!({ "sampling": {} }));
    assert_eq!(asked(&answer), BTreeMap::from([("ask-1".to_owned(), SAMPLE.to_owned())]));
    assert_eq!(round(&mut pipe, asking, json!({}), json!({}))["error"]["code"], -32021);
    pipe.close();
}

#[test]
fn an_answer_that_makes_no_sense_is_refused_or_told_and_a_user_may_say_no() {
    let mut pipe = Pipe::start(EVERYTHING);
    for asking in all() {
        for wrong in [json!({ "inputResponses": [] }), json!({ "requestState": 7 })] {
            pipe.ask_wrong("round", asking.method, params(&asking, wrong));
            let answer = received(&mut pipe);
            assert_eq!(answer["error"]["code"], -32602, "{}: {answer}", asking.name);
        }
        let first = round(&mut pipe, &asking, json!({}), everything());
        let state = &first["result"]["requestState"];
        for (key, method, _) in &asking.rounds[0] {
            let with = |answer: Value| {
                let mut responses = answers(&asking.rounds[0]);
                responses[*key] = answer;
                json!({ "requestState": state, "inputResponses": responses })
            };
            for wrong in [json!({}), json!({ "action": 7, "role": 7, "roots": 7 }), json!("yes")] {
                pipe.ask_wrong("round", asking.method, params(&asking, with(wrong)));
                let answer = received(&mut pipe);
                assert_eq!(answer["error"]["code"], -32602, "{}: {answer}", asking.name);
            }
            let mut reply = |answer: Value| round(&mut pipe, &asking, with(answer), everything());
            if *method == ELICIT {
                for no in ["decline", "cancel"] {
                    let answer = reply(json!({ "action": no }));
                    assert!(answer.get("error").is_none(), "{}: {answer}", asking.name);
                }
                // A form that is not filled in as it must be: the call fails, and says how.
                let answer = reply(accepted(json!({})));
                let failed = answer["result"]["isError"] == true || answer["error"]["code"] == -32603;
                assert!(failed, "{}: {answer}", asking.name);
            }
        }
    }
    pipe.close();
}
