//! Fills in what applications put in place of values: `${VAR}`, `${VAR:-default}`, `${env:VAR}`, `{env:VAR}`,
//! `${workspaceFolder}`, `${userHome}`.

use super::{Launch, Surroundings};
use crate::error::Failure;
use crate::print::visible;

impl Launch {
    /// The same with every value filled in.
    ///
    /// # Errors
    /// A variable that is not set, or a value that only the application can ask for. The text around it is not shown.
    pub(crate) fn filled(
        mut self,
        around: &Surroundings,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let fill = |text: &mut String| -> Result<(), Failure> {
            *text = filled(text, around, &variable).map_err(|reason| {
                Failure::usage(format!("the server `{}` needs {reason}", visible(&self.name)))
                    .hint("set it in the environment, as the application that starts the server has it")
            })?;
            Ok(())
        };
        for text in [&mut self.command].into_iter().chain(&mut self.url).chain(&mut self.cwd).chain(&mut self.args) {
            fill(text)?;
        }
        for (_, value) in self.env.iter_mut().chain(&mut self.headers) {
            fill(value)?;
        }
        if let Some(name) = &self.bearer_env {
            let token = variable(name).ok_or_else(|| {
                Failure::usage(format!("the server `{}` needs the variable {}", visible(&self.name), visible(name)))
                    .hint("set it to the bearer token")
            })?;
            self.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        Ok(self)
    }
}

fn filled(text: &str, around: &Surroundings, variable: &impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // `{` alone opens only `{env:…}`; whatever else is in braces is the server's own.
    while let Some(at) = rest.find("${").into_iter().chain(rest.find("{env:")).min() {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let inner = from.trim_start_matches('$').trim_start_matches('{');
        let Some((name, after)) = inner.split_once('}') else {
            out.push_str(from);
            return Ok(out);
        };
        out.push_str(&value(name, around, variable)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn value(name: &str, around: &Surroundings, variable: &impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let shown = |path: &std::path::Path| Ok(path.to_string_lossy().into_owned());
    match name {
        "workspaceFolder" | "workspaceRoot" => return shown(&around.project),
        "userHome" => return shown(&around.home),
        "pathSeparator" | "/" => return Ok(std::path::MAIN_SEPARATOR.to_string()),
        _ => {}
    }
    if name.starts_with("input:") {
        return Err(format!("`{}`, which only the application can ask for", visible(name)));
    }
    let name = name.strip_prefix("env:").unwrap_or(name);
    let (name, default) = name.split_once(":-").map_or((name, None), |(name, default)| (name, Some(default)));
    variable(name).or_else(|| default.map(str::to_owned)).ok_or_else(|| format!("the variable {}", visible(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::places::System;

    fn check(text: &str) -> Result<String, String> {
        let around = Surroundings {
            system: System::Linux,
            home: "/home/ada".into(),
            xdg: None,
            state: None,
            cache: None,
            app_data: None,
            codex: None,
            project: "/project".into(),
        };
        filled(text, &around, &|name: &str| (name == "KEY").then(|| "k{1}".to_owned()))
    }

    #[test]
    fn values_are_filled_in_as_applications_do() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a ${KEY} b ${env:KEY}{env:KEY}", "a k{1} b k{1}k{1}"),
            ("${NONE:-else}/${KEY:-else}", "else/k{1}"),
            ("${workspaceFolder}${/}x ${userHome}", "/project/x /home/ada"),
            ("{\"a\": 1} {x}", "{\"a\": 1} {x}"),
            ("half ${KEY", "half ${KEY"),
        ] {
            assert_eq!(check(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_filled_in_is_named_and_nothing_around_it_shown() {
        assert_eq!(check("secret ${NONE}").unwrap_err(), "the variable NONE");
        assert_eq!(check("${input:token}").unwrap_err(), "`input:token`, which only the application can ask for");
    }
}
