//! The benchmark's server on rmcp. `--stdio` and `--http ADDR` use its fastest set-up: a router made once, its opt-in pipes, HTTP
//! without sessions that answers with JSON. With `--documented` first it is set up as its documentation has it.

#[path = "../../../src/work.rs"]
mod work;

#[cfg(feature = "http")]
mod http;

use std::time::Duration;

use rmcp::handler::server::router::prompt::PromptRouter;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    ListResourcesResult, PaginatedRequestParams, PromptMessage, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, Resource, ResourceContents, Role, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::transport::io::stdio_pipes;
use rmcp::{
    ErrorData, Json, RoleServer, ServerHandler, ServiceExt, prompt, prompt_handler, prompt_router, tool, tool_handler,
    tool_router,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::work::{Filter, Found, extra, find};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Deserialize, JsonSchema)]
struct Add {
    /// The first number.
    a: i64,
    /// The second number.
    b: i64,
}

#[derive(Deserialize, JsonSchema)]
struct Echo {
    /// What to answer.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Search {
    /// Words to look for.
    query: String,
    /// The most hits.
    limit: u32,
    /// What every hit is tagged with.
    tags: Vec<String>,
    /// Only these.
    filter: Option<Filter>,
}

#[derive(Deserialize, JsonSchema)]
struct Sleep {
    /// For how long, in milliseconds.
    ms: u64,
}

#[derive(Deserialize, JsonSchema)]
struct Extra {
    /// Some text.
    value: String,
    /// Some number.
    count: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Ask {
    /// What to search for.
    topic: String,
}

const ABOUT: &str = "bench://about";

fn info() -> ServerConfig {
    ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts().build())
}

fn resources() -> ListResourcesResult {
    ListResourcesResult::with_all_items(vec![Resource::new(ABOUT, "about")])
}

fn read(uri: &str) -> Result<ReadResourceResponse, ErrorData> {
    if uri != ABOUT {
        return Err(ErrorData::resource_not_found("there is no such resource", None));
    }
    Ok(ReadResourceResult::new(vec![ResourceContents::text("A server to measure.", ABOUT)]).into())
}

macro_rules! tools {
    ($server:ident: $($extra:ident)*) => {
        #[prompt_router]
        impl $server {
            /// Ask for something.
            #[prompt]
            async fn ask(&self, Parameters(Ask { topic }): Parameters<Ask>) -> Vec<PromptMessage> {
                vec![PromptMessage::new_text(Role::User, format!("Search for {topic}."))]
            }
        }

        #[tool_router]
        impl $server {
            /// Adds two numbers.
            #[tool]
            fn add(&self, Parameters(Add { a, b }): Parameters<Add>) -> String {
                (a + b).to_string()
            }

            /// Answers what it is given.
            #[tool]
            fn echo(&self, Parameters(Echo { text }): Parameters<Echo>) -> String {
                text
            }

            /// Searches.
            #[tool]
            fn search(&self, Parameters(search): Parameters<Search>) -> Json<Found> {
                Json(find(&search.query, search.limit, search.tags, search.filter.as_ref()))
            }

            /// Waits.
            #[tool]
            async fn sleep_ms(&self, Parameters(Sleep { ms }): Parameters<Sleep>) -> String {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                "slept".to_owned()
            }

            $(
                /// One of fifty more.
                #[tool]
                fn $extra(&self, Parameters(Extra { value, count }): Parameters<Extra>) -> String {
                    extra(&value, count)
                }
            )*
        }
    };
    ($server:ident) => {
        tools! {
            $server:
            extra_00 extra_01 extra_02 extra_03 extra_04 extra_05 extra_06 extra_07 extra_08 extra_09
            extra_10 extra_11 extra_12 extra_13 extra_14 extra_15 extra_16 extra_17 extra_18 extra_19
            extra_20 extra_21 extra_22 extra_23 extra_24 extra_25 extra_26 extra_27 extra_28 extra_29
            extra_30 extra_31 extra_32 extra_33 extra_34 extra_35 extra_36 extra_37 extra_38 extra_39
            extra_40 extra_41 extra_42 extra_43 extra_44 extra_45 extra_46 extra_47 extra_48 extra_49
        }
    };
}

/// Its router is made once.
#[derive(Clone)]
struct Fast {
    router: std::sync::Arc<ToolRouter<Self>>,
    prompts: std::sync::Arc<PromptRouter<Self>>,
}

#[tool_handler(router = self.router)]
#[prompt_handler(router = self.prompts)]
impl ServerHandler for Fast {
    fn get_info(&self) -> ServerConfig {
        info()
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(resources())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        read(&request.uri)
    }
}

tools!(Fast);

/// As the documentation has it: the macro's default. Left out where what building costs is measured, because nobody has both.
#[cfg(feature = "documented")]
mod documented {
    use super::*;

    #[derive(Clone)]
    pub(crate) struct Documented;

    #[tool_handler]
    #[prompt_handler]
    impl ServerHandler for Documented {
        fn get_info(&self) -> ServerConfig {
            info()
        }

        async fn list_resources(
            &self,
            _: Option<PaginatedRequestParams>,
            _: RequestContext<RoleServer>,
        ) -> Result<ListResourcesResult, ErrorData> {
            Ok(resources())
        }

        async fn read_resource(
            &self,
            request: ReadResourceRequestParams,
            _: RequestContext<RoleServer>,
        ) -> Result<ReadResourceResponse, ErrorData> {
            read(&request.uri)
        }
    }

    tools!(Documented);
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let fast = || Fast { router: Fast::tool_router().into(), prompts: Fast::prompt_router().into() };
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        #[cfg(feature = "documented")]
        ["--documented", "--stdio"] => {
            _ = documented::Documented.serve(rmcp::transport::stdio()).await?.waiting().await?
        }
        ["--stdio"] => _ = fast().serve(stdio_pipes()).await?.waiting().await?,
        #[cfg(all(feature = "http", feature = "documented"))]
        ["--documented", "--http", address] => http::documented(address, documented::Documented).await?,
        #[cfg(feature = "http")]
        ["--http", address] => http::fast(address, fast()).await?,
        _ => return Err("usage: peer-rmcp [--documented] --stdio | --http ADDR".into()),
    }
    Ok(())
}
