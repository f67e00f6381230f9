//! A result that asks: everything in it is answered, and the request is made again with the answers (2026-07-28, "Multi
//! Round-Trip Requests"). Floor 6.

use tokio::task::JoinSet;

use super::Inner;
use super::error::Error;
use super::hub::ANSWERS;
use super::stamp::invalid;
use crate::error::quoted;
use crate::method::Method;
use crate::model::lower::Lower;
use crate::model::{InputRequiredResult, InputResponses};
use crate::revision::Revision;

impl Inner {
    /// Answers everything that a result asks. `round` counts from 1.
    ///
    /// # Errors
    /// [`Error::Input`] when the server asks too often, too much, or what nobody here answers.
    pub(super) async fn answer_questions(
        &self,
        method: Method,
        result: &[u8],
        round: u32,
    ) -> Result<(Option<InputResponses>, Option<String>), Error> {
        let refused = |reason: String| Error::Input { server: String::new(), method, reason };
        if round > self.options.rounds {
            return Err(refused(format!("the server asked {} times and did not answer", self.options.rounds)));
        }
        let asked: InputRequiredResult = crate::text::from_bytes(result).map_err(|error| invalid(method, &error))?;
        let Some(requests) = asked.input_requests else {
            if asked.request_state.is_none() {
                return Err(Error::invalid(method, "it asks for input and does not say for which"));
            }
            return Ok((None, asked.request_state));
        };
        if requests.len() > ANSWERS {
            return Err(refused(format!("the server asks {} questions at once; at most {ANSWERS}", requests.len())));
        }
        // Dropping the set gives up whatever is not answered yet.
        let mut answers = JoinSet::new();
        for (key, request) in requests {
            let name = request.method();
            let answering = self.hub.handlers.answer(request).ok_or_else(|| {
                refused(format!("{} is {}, and there is no handler for it", quoted(&key), quoted(name)))
            })?;
            answers.spawn(async move { (key, answering.await) });
        }
        let mut responses = InputResponses::new();
        while let Some(answered) = answers.join_next().await {
            // A panic of a handler is an error by itself; only the end of the runtime aborts the task.
            let (key, answer) = answered.map_err(|error| refused(error.to_string()))?;
            let mut answer = answer.map_err(|error| refused(format!("{}: {}", quoted(&key), error.message())))?;
            answer.lower(Revision::LATEST);
            responses.insert(key, answer);
        }
        Ok((Some(responses), asked.request_state))
    }
}
