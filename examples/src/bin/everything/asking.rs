//! Tools that ask the client: its user, its model, its roots.

use mcp_runtime::{AskError, Capability, Context, Elicited, Group, group, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, JsonSchema)]
struct Account {
    /// The user's response.
    username: String,
    /// The user's email address.
    email: String,
}

/// Asks the user.
#[tool]
async fn test_elicitation(
    cx: &Context,
    /// What to ask.
    message: String,
) -> Result<String, AskError> {
    Ok(match cx.elicit::<Account>(message).await? {
        Elicited::Accepted(Account { username, email }) => format!("User response: {username} <{email}>"),
        Elicited::Declined => "The user said no.".to_owned(),
        Elicited::Cancelled => "The user turned away.".to_owned(),
    })
}

/// Asks the model.
#[tool]
async fn test_sampling(
    cx: &Context,
    /// What to ask.
    prompt: &str,
) -> Result<String, AskError> {
    let answer = cx.sample(prompt).await?;
    Ok(format!("LLM response: {}", answer.text()))
}

#[derive(Debug, Default, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    #[default]
    Active,
    Inactive,
    Pending,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct WithDefaults {
    #[schemars(extend("default" = "John Doe"))]
    name: String,
    #[schemars(extend("default" = 30))]
    age: i64,
    #[schemars(extend("default" = 95.5))]
    score: f64,
    #[serde(default)]
    status: Status,
    #[schemars(extend("default" = true))]
    verified: bool,
}

/// Asks with a form that is filled in already.
#[tool]
async fn test_elicitation_sep1034_defaults(cx: &Context) -> Result<Option<WithDefaults>, AskError> {
    Ok(cx.elicit("Please review the form with its defaults.").await?.accepted())
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Plain {
    Option1,
    Option2,
    Option3,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
enum Titled {
    #[serde(rename = "value1")]
    #[schemars(title = "First Option")]
    Value1,
    #[serde(rename = "value2")]
    #[schemars(title = "Second Option")]
    Value2,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct EveryChoice {
    untitled_single: Plain,
    titled_single: Titled,
    #[schemars(extend("enumNames" = ["Option One", "Option Two", "Option Three"]))]
    legacy_enum: Plain,
    untitled_multi: Vec<Plain>,
    titled_multi: Vec<Titled>,
}

/// Asks for choices of every kind.
#[tool]
async fn test_elicitation_sep1330_enums(cx: &Context) -> Result<Option<EveryChoice>, AskError> {
    Ok(cx.elicit("Please choose.").await?.accepted())
}

/// Needs a client that lets it use its model.
#[tool]
async fn test_missing_capability(cx: &Context) -> Result<String, AskError> {
    Ok(cx.sample("Are you there?").await?.text())
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Name {
    /// Your name.
    name: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Confirmation {
    /// Whether to go on.
    ok: bool,
}

/// Asks the user on a stream.
#[tool]
async fn test_streaming_elicitation(cx: &Context) -> Result<String, AskError> {
    let answer = cx.elicit::<Confirmation>("Shall we go on?").await?;
    Ok(format!("{answer:?}"))
}

/// Asks for a name and greets.
#[tool]
async fn test_input_required_result_elicitation(cx: &Context) -> Result<String, AskError> {
    let answer = cx.elicit::<Name>("What is your name?").key("user_name").await?;
    let name = answer.accepted().map_or_else(|| "stranger".to_owned(), |answer| answer.name);
    Ok(format!("Hello, {name}!"))
}

/// Asks the model for a capital.
#[tool]
async fn test_input_required_result_sampling(cx: &Context) -> Result<String, AskError> {
    let answer = cx.sample("What is the capital of France?").key("capital_question").await?;
    Ok(answer.text())
}

/// Asks for the roots.
#[tool]
async fn test_input_required_result_list_roots(cx: &Context) -> Result<String, AskError> {
    let roots = cx.roots().key("client_roots").await?;
    Ok(roots.into_iter().map(|root| root.uri).collect::<Vec<_>>().join("\n"))
}

/// Asks for confirmation, remembering what it did before.
#[tool]
async fn test_input_required_result_request_state(cx: &Context) -> Result<String, AskError> {
    let state: String = cx.once("state", async { "state-ok".to_owned() }).await?;
    let answer = cx.elicit::<Confirmation>("Please confirm.").key("confirm").await?;
    Ok(format!("{state}: {}", answer.accepted().is_some_and(|answer| answer.ok)))
}

/// The same; the suite changes what was remembered.
#[tool]
async fn test_input_required_result_tampered_state(cx: &Context) -> Result<String, AskError> {
    let answer = cx.elicit::<Confirmation>("Please confirm.").key("confirm").await?;
    Ok(format!("{answer:?}"))
}

/// Asks everybody at once.
#[tool]
async fn test_input_required_result_multiple_inputs(cx: &Context) -> Result<String, AskError> {
    let (name, greeting, roots) = tokio::join!(
        cx.elicit::<Name>("What is your name?").key("user_name"),
        cx.sample("Generate a greeting").key("greeting"),
        cx.roots().key("client_roots"),
    );
    Ok(format!("{:?}, {}, {} roots", name?, greeting?.text(), roots?.len()))
}

/// Asks twice, the second time for something that depends on the first.
#[tool]
async fn test_input_required_result_multi_round(cx: &Context) -> Result<String, AskError> {
    let first = cx.elicit::<Name>("Step 1: What is your name?").key("step1").await?;
    let name = first.accepted().map_or_else(|| "stranger".to_owned(), |answer| answer.name);
    let second = cx.elicit::<Confirmation>(format!("Step 2: Is it really {name}?")).key("step2").await?;
    Ok(format!("{name}: {second:?}"))
}

/// Asks the user if the client can, else the model.
#[tool]
async fn test_input_required_result_capabilities(cx: &Context) -> Result<String, AskError> {
    if cx.can_ask(Capability::Form) {
        let answer = cx.elicit::<Name>("What is your name?").await?;
        return Ok(format!("{answer:?}"));
    }
    Ok(cx.sample("Make up a name.").await?.text())
}

pub(crate) fn group() -> impl Group {
    group![
        test_elicitation,
        test_sampling,
        test_elicitation_sep1034_defaults,
        test_elicitation_sep1330_enums,
        test_missing_capability,
        test_streaming_elicitation,
        test_input_required_result_elicitation,
        test_input_required_result_sampling,
        test_input_required_result_list_roots,
        test_input_required_result_request_state,
        test_input_required_result_tampered_state,
        test_input_required_result_multiple_inputs,
        test_input_required_result_multi_round,
        test_input_required_result_capabilities,
    ]
}
