//! What is to be written: the template that was asked for with what is added to it, all placeholders filled in.

use std::path::Path;

use toml_edit::DocumentMut;

use super::questions::Questions;
use super::{Options, names};
use crate::error::Failure;
use crate::flags::nearest;
use crate::print::{Console, visible};
use crate::template::embedded::{self, ADDONS, ADDRESS, ALL, Addon, Embedded, Transport};
use crate::template::{Filled, Template, Values, common, fill, folder, git, is_bound_to_a_checkout, placeholder};

/// What is to be written, and what is said of it.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) template: String,
    pub(super) files: Vec<Filled>,
    pub(super) call: Option<&'static str>,
    pub(super) notes: Vec<String>,
}

impl Plan {
    pub(super) async fn make(
        name: String,
        options: &Options,
        questions: &Questions,
        console: &Console,
    ) -> Result<Self, Failure> {
        let (mut template, transport) = template(options, console).await?;
        for addon in addons(&options.with)? {
            template.files.extend(addon.files());
            template.variables.extend(addon.variables(&name));
        }
        let mut values = common(&name);
        let mut notes = Vec::new();
        if !options.with.is_empty() && is_bound_to_a_checkout() {
            notes.push("Cargo.toml names mcp-runtime by its path here; elsewhere it needs a version".to_owned());
        }
        define(&template, &options.define, &mut values)?;
        for variable in &template.variables {
            if values.contains_key(&variable.name) {
                continue;
            }
            let value = match &variable.default {
                Some(default) => default.clone(),
                None => questions.value(variable).await?,
            };
            if variable.name == "registry" {
                notes.push(format!("the image is labelled {value}; -d registry=io.github.you/{name} makes it yours"));
            }
            values.insert(variable.name.clone(), value);
        }
        let address = values.get("address").map_or(ADDRESS, String::as_str);
        let derived = [
            ("running", embedded::running(transport, address)),
            ("container", embedded::container(transport, address)),
        ];
        for (name, value) in derived {
            // A template of somebody else's may ask for a value of the same name.
            values.entry(name.to_owned()).or_insert(value);
        }
        let files = fill(&template.files, &values)?;
        refuse_a_dependencys_name(&name, &files)?;
        Ok(Self { name, template: template.name, files, call: template.call, notes })
    }
}

/// The template that was asked for, and what its server speaks.
async fn template(options: &Options, console: &Console) -> Result<(Template, Transport), Failure> {
    let wanted = options.template.as_deref().unwrap_or("tools");
    if let Some(embedded) = ALL.iter().find(|one| one.name == wanted) {
        let transport = options.transport.unwrap_or(embedded.transport);
        return embedded
            .template(transport)
            .filter(|_| transport == embedded.transport || embedded.transport == Transport::Stdio)
            .map(|template| (template, transport))
            .ok_or_else(|| contradiction(embedded));
    }
    if options.transport.is_some() {
        return Err(Failure::usage("--transport is for the templates of cargo mcp; this one decides for itself")
            .hint("leave it out"));
    }
    if let Some(place) = wanted.strip_prefix(git::PREFIX) {
        let (_whole, folder) = git::fetch(place, console).await?;
        return Ok((folder::read(&folder, wanted)?, Transport::Stdio));
    }
    let path = Path::new(wanted);
    if path.is_dir() {
        return Ok((folder::read(path, wanted)?, Transport::Stdio));
    }
    if wanted.contains(['/', '\\', '.']) {
        return Err(Failure::usage(format!("there is no folder {}", visible(wanted)))
            .hint("a template is a name that `cargo mcp new --list` tells, a folder, or gh:OWNER/REPO"));
    }
    Err(unknown("template", wanted, ALL.iter().map(|one| one.name)))
}

fn contradiction(embedded: &Embedded) -> Failure {
    if embedded.transport == Transport::Http {
        return Failure::usage(format!("the template `{}` is for HTTP", embedded.name))
            .hint("leave --transport out, or begin with `tools` or `full`");
    }
    Failure::usage(format!("the template `{}` has no choice of transports in its code", embedded.name))
        .hint("leave --transport out and run it with --http 127.0.0.1:3000, or begin with `tools`")
}

/// The add-ons of these names, each once.
fn addons(names: &[String]) -> Result<Vec<&'static Addon>, Failure> {
    let mut addons: Vec<&Addon> = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let addon = ADDONS.iter().find(|one| one.name == name);
        let addon = addon.ok_or_else(|| unknown("add-on", name, ADDONS.iter().map(|one| one.name)))?;
        if !addons.iter().any(|known| known.name == addon.name) {
            addons.push(addon);
        }
    }
    Ok(addons)
}

fn unknown(what: &str, name: &str, known: impl Iterator<Item = &'static str> + Clone) -> Failure {
    let failure = Failure::usage(format!("there is no {what} `{}`", visible(name)));
    match nearest(name, known.clone()) {
        Some(nearest) => failure.hint(format!("did you mean `{nearest}`?")),
        None => failure.hint(format!("there are {}", known.collect::<Vec<_>>().join(", "))),
    }
}

/// Takes the values that were given, if the template asks for them.
fn define(template: &Template, given: &[String], values: &mut Values) -> Result<(), Failure> {
    for pair in given {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Failure::usage(format!("-d {}: expected KEY=VALUE", visible(pair)))
                .hint("such as -d description=\"What it is\""));
        };
        if values.contains_key(name) {
            let hint = if name == "name" { "give the name behind the command, or with --name" } else { "give it once" };
            return Err(Failure::usage(format!("-d {}: it has a value already", visible(name))).hint(hint));
        }
        let is_known = template.variables.iter().any(|variable| variable.name == name);
        if !(is_known || template.is_open && occurs(template, name)) {
            let failure = Failure::usage(format!("the template does not ask for `{}`", visible(name)));
            let known: Vec<_> = template.variables.iter().map(|variable| variable.name.as_str()).collect();
            return Err(match nearest(name, known.iter().copied()) {
                Some(nearest) => failure.hint(format!("did you mean `{}`?", visible(nearest))),
                None if known.is_empty() => failure.hint(format!("it has no `{{{{{}}}}}`", visible(name))),
                None => failure.hint(format!("it asks for {}", visible(&known.join(", ")))),
            });
        }
        names::check_value(name, value)?;
        values.insert(name.to_owned(), value.to_owned());
    }
    Ok(())
}

/// Whether a file has this placeholder, in its text or in its name.
fn occurs(template: &Template, name: &str) -> bool {
    let is_in = |mut text: &str| {
        while let Some((_, found, rest)) = placeholder(text) {
            if found == name {
                return true;
            }
            text = rest;
        }
        false
    };
    template.files.iter().any(|file| is_in(&file.path) || std::str::from_utf8(&file.bytes).is_ok_and(is_in))
}

/// A package cannot depend on another one of its own name.
fn refuse_a_dependencys_name(name: &str, files: &[Filled]) -> Result<(), Failure> {
    let krate = name.replace('-', "_");
    let manifests = files.iter().filter(|file| file.path.file_name().is_some_and(|name| name == "Cargo.toml"));
    for manifest in manifests {
        let text = std::str::from_utf8(&manifest.bytes).unwrap_or_default();
        // What is no TOML is cargo's to tell.
        let Ok(document) = text.parse::<DocumentMut>() else { continue };
        for table in ["dependencies", "dev-dependencies"] {
            let table = document.get(table).and_then(|item| item.as_table_like());
            if table.is_some_and(|table| table.iter().any(|(one, _)| one.replace('-', "_") == krate)) {
                return Err(names::refused(name, "the server depends on a crate of this name"));
            }
        }
    }
    Ok(())
}
