//! Keeps bytes that a client holds for the server from being read or changed, and ties them to the request that they were
//! made for: ChaCha20-Poly1305 (RFC 8439). What is sealed is decided elsewhere. Floor 1.

use std::fmt;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chacha20_poly1305::{ChaCha20Poly1305, Key, Nonce};

const NONCE: usize = 12;
const TAG: usize = 16;

/// A key to seal with; one that only this process knows is made when something is sealed first.
pub(crate) struct Seal(OnceLock<[u8; 32]>);

impl Seal {
    /// A seal that other processes with the same key can open.
    pub(crate) fn with_key(key: [u8; 32]) -> Self {
        Self(OnceLock::from(key))
    }

    /// A seal that only this process can open.
    pub(crate) fn of_process() -> Self {
        Self(OnceLock::new())
    }

    /// Seals `text`, to be opened only together with the same `context`. A key seals 2^32 times before chance could use a
    /// nonce twice. `None` when the system has no random numbers.
    pub(crate) fn close(&self, mut text: Vec<u8>, context: &[u8]) -> Option<String> {
        let nonce: [u8; NONCE] = random().ok()?;
        let key = match self.0.get() {
            Some(key) => key,
            None => {
                let made = random().ok()?;
                self.0.get_or_init(|| made)
            }
        };
        let tag = cipher(key, nonce).encrypt(&mut text, Some(context));
        let mut sealed = nonce.to_vec();
        sealed.append(&mut text);
        sealed.extend_from_slice(&tag);
        Some(BASE64.encode(sealed))
    }

    /// What was sealed, or `None` if it was not with this key and this context, or was changed.
    pub(crate) fn open(&self, sealed: &str, context: &[u8]) -> Option<Vec<u8>> {
        // Without a key nothing was sealed yet.
        let key = self.0.get()?;
        let sealed = BASE64.decode(sealed).ok()?;
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>()?;
        let (text, tag) = rest.split_last_chunk::<TAG>()?;
        let mut text = text.to_vec();
        cipher(key, *nonce).decrypt(&mut text, *tag, Some(context)).ok()?;
        Some(text)
    }
}

fn cipher(key: &[u8; 32], nonce: [u8; NONCE]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(Key::new(*key), Nonce::new(nonce))
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_for_this_request_opens() {
        let seal = Seal::with_key([7; 32]);
        let sealed = seal.close(b"secret".to_vec(), b"tools/call pay").unwrap();
        assert_eq!(seal.open(&sealed, b"tools/call pay").as_deref(), Some(&b"secret"[..]));
        assert_eq!(seal.open(&sealed, b"tools/call refund"), None);
        assert_eq!(Seal::with_key([8; 32]).open(&sealed, b"tools/call pay"), None);
        assert_eq!(seal.open(&format!("{sealed}-TAMPERED"), b"tools/call pay"), None);
        for index in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.open(&String::from_utf8(changed).unwrap(), b"tools/call pay"), None, "byte {index}");
        }
        for length in 0..sealed.len() {
            assert_eq!(seal.open(&sealed[..length], b"tools/call pay"), None, "{length} bytes");
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_the_same() {
        let seal = Seal::of_process();
        assert_ne!(seal.close(b"a".to_vec(), b""), seal.close(b"a".to_vec(), b""));
        assert!(!seal.close(b"visible".to_vec(), b"").unwrap().contains(&BASE64.encode("visible")[..4]));
    }
}
