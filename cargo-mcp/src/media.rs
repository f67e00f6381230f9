//! Content that is no text: told in a line on a terminal, never dumped there, and written to files when asked.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcp_runtime::model::{ContentBlock, ResourceContents};

use crate::error::Failure;
use crate::print::{Console, visible};

/// What people read of content.
pub(crate) fn plain(content: &[ContentBlock], are_saved: bool) -> String {
    let hint = if are_saved { "" } else { "; --save DIR keeps it" };
    let lines = content.iter().map(|block| match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[{} image, {} bytes{hint}]", image.mime_type, size(&image.data)),
        ContentBlock::Audio(audio) => format!("[{} audio, {} bytes{hint}]", audio.mime_type, size(&audio.data)),
        ContentBlock::Resource(embedded) => contents(&embedded.resource, are_saved),
        ContentBlock::ResourceLink(link) => format!("[{}]", link.uri),
        _ => "[content of an unknown kind]".to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What people read of a resource.
pub(crate) fn contents(resource: &ResourceContents, is_saved: bool) -> String {
    let hint = if is_saved { "" } else { "; --save DIR keeps it" };
    match resource {
        ResourceContents::Text(text) => text.text.clone(),
        ResourceContents::Blob(blob) => format!("[{}, {} bytes{hint}]", blob.uri, size(&blob.blob)),
    }
}

/// How many bytes that is in Base64.
fn size(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

/// Writes images, audio and resources in binary to files of their own.
pub(crate) fn save(content: &[ContentBlock], folder: &Path, console: &Console) -> Result<(), Failure> {
    let binary = content.iter().filter_map(|block| match block {
        ContentBlock::Image(image) => Some((image.data.as_str(), Some(image.mime_type.as_str()))),
        ContentBlock::Audio(audio) => Some((audio.data.as_str(), Some(audio.mime_type.as_str()))),
        ContentBlock::Resource(embedded) => blob(&embedded.resource),
        _ => None,
    });
    write(binary, folder, console)
}

/// Writes the binary ones of these to files of their own.
pub(crate) fn save_contents(resources: &[ResourceContents], folder: &Path, console: &Console) -> Result<(), Failure> {
    write(resources.iter().filter_map(blob), folder, console)
}

fn blob(resource: &ResourceContents) -> Option<(&str, Option<&str>)> {
    match resource {
        ResourceContents::Text(_) => None,
        ResourceContents::Blob(blob) => Some((&blob.blob, blob.mime_type.as_deref())),
    }
}

fn write<'c>(
    binary: impl Iterator<Item = (&'c str, Option<&'c str>)>,
    folder: &Path,
    console: &Console,
) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::own(format!("{} cannot be written", folder.display())).cause(error);
    let mut number = 0;
    for (data, mime) in binary {
        fs::create_dir_all(folder).map_err(cannot)?;
        let bytes = STANDARD
            .decode(data)
            .map_err(|error| Failure::own("the server sent content that is no Base64").cause(error))?;
        let end = extension(mime.unwrap_or_default());
        // What was saved before stays: a file takes the next number that is free.
        let (path, mut file) = loop {
            number += 1;
            let path = folder.join(format!("{number}.{end}"));
            match fs::File::create_new(&path) {
                Ok(file) => break (path, file),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot(error)),
            }
        };
        file.write_all(&bytes).map_err(cannot)?;
        console.note(&format!("saved {}", visible(&path.display().to_string())));
    }
    Ok(())
}

/// The end of a file's name. Only letters and digits of what the server says get into it.
fn extension(mime: &str) -> String {
    let end: String =
        mime.rsplit('/').next().unwrap_or_default().chars().take_while(char::is_ascii_alphanumeric).take(8).collect();
    if end.is_empty() { "bin".to_owned() } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_holds_no_more_of_a_mime_type_than_letters_and_digits() {
        assert_eq!(extension("image/png"), "png");
        assert_eq!(extension("image/svg+xml"), "svg");
        assert_eq!(extension("x/../../etc"), "etc");
        assert_eq!(extension("../.."), "bin");
    }

    #[test]
    fn the_size_is_that_of_the_bytes() {
        for bytes in 0..9_usize {
            assert_eq!(size(&STANDARD.encode(vec![0_u8; bytes])), bytes);
        }
    }
}
