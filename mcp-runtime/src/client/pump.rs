//! The two tasks of a connection: one reads lines and hands them on, one writes what is queued. Knows nothing of what the
//! lines say. Floor 6.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use super::process::Exit;
use super::wire::{End, Stage, Wire};
use crate::peer::Peer;
use crate::transport::frame::{Line, Lines};

/// How long a side that sees the end waits for what the other side knows about it.
const LINGER: Duration = Duration::from_millis(500);

pub(super) type Reader = Pin<Box<dyn AsyncRead + Send>>;
pub(super) type Writer = Pin<Box<dyn AsyncWrite + Send>>;

/// Reads until the server's output or its process ends, then gives up whatever still waits.
pub(super) async fn read(wire: Arc<Wire>, mut reader: Reader, longest: usize, exit: Option<Exit>) {
    let on_drop = EndOnDrop(Arc::clone(&wire));
    let read = read_lines(&wire, &mut reader, longest, exit.clone()).await;
    let status = match exit {
        Some(exit) => timeout(LINGER, exit.status()).await.ok().flatten(),
        None => None,
    };
    wire.end(End { status, cause: read.err().map(Arc::new) });
    drop(on_drop);
}

async fn read_lines(wire: &Arc<Wire>, reader: &mut Reader, longest: usize, exit: Option<Exit>) -> io::Result<()> {
    let mut lines = Lines::new(longest);
    let mut is_gone = false;
    let gone = async {
        match &exit {
            Some(exit) => exit.status().await,
            None => std::future::pending().await,
        }
    };
    let mut gone = std::pin::pin!(gone);
    loop {
        let read = tokio::select! {
            biased;
            read = reader.read(lines.room()) => read?,
            _ = &mut gone, if !is_gone => {
                is_gone = true;
                continue;
            }
            // Something else, such as a process that the server started, holds the pipe open.
            () = sleep(LINGER), if is_gone => 0,
        };
        if read == 0 {
            break;
        }
        lines.add(read);
        while let Some(line) = lines.next() {
            receive(wire, line, longest)?;
        }
    }
    lines.rest().map_or(Ok(()), |line| receive(wire, line, longest))
}

fn receive(wire: &Arc<Wire>, line: Line<'_>, longest: usize) -> io::Result<()> {
    match line {
        Line::Whole(frame) => {
            wire.receive(frame);
            Ok(())
        }
        // Nobody can tell whose answer it was, so nobody can be told that it is lost.
        Line::TooLong => {
            let text = format!("the server sent a line of more than {longest} bytes; the client can raise the limit");
            Err(io::Error::new(io::ErrorKind::InvalidData, text))
        }
    }
}

/// Nothing waits for a reader that is gone, even if its runtime was shut down.
struct EndOnDrop(Arc<Wire>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end(End::default());
    }
}

/// Writes until the connection closes, then what is left, for as long as `grace`.
pub(super) async fn write(wire: Arc<Wire>, peer: Arc<Peer>, mut writer: Writer, grace: Duration) {
    let written = tokio::select! {
        written = write_lines(&peer, &mut writer) => written,
        () = async { wire.reached(Stage::Closing).await; sleep(grace).await } => Ok(()),
    };
    drop(writer);
    if let Err(error) = written {
        wire.close();
        // The reader may have answers yet, and knows better why the server is gone.
        if timeout(LINGER, wire.reached(Stage::Ended)).await.is_err() {
            wire.end(End { status: None, cause: Some(Arc::new(error)) });
        }
    }
}

async fn write_lines(peer: &Peer, writer: &mut Writer) -> io::Result<()> {
    let mut out = Vec::new();
    while peer.wait().await {
        peer.take(&mut out);
        writer.write_all(&out).await?;
        writer.flush().await?;
        out.clear();
    }
    writer.shutdown().await
}
