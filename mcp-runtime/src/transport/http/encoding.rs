//! Compression of whole answers: which coding a client wants, and doing it. What is worth compressing is the caller's
//! decision, and so are the headers. Floor 5.

use std::io::Write;

#[cfg(feature = "brotli")]
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// Below this length an answer fits into one packet either way, so compressing it would only cost time.
pub(crate) const WORTHWHILE: usize = 1024;

/// A content coding that this server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    #[cfg(feature = "brotli")]
    Brotli,
    Gzip,
}

impl Coding {
    /// What the client likes best; none if it did not ask or would rather have the answer as it is.
    pub(crate) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let (mut brotli, mut gzip, mut identity, mut other) = (None, None, None, None);
        for value in headers.get_all(ACCEPT_ENCODING) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let mut parts = item.split(';').map(str::trim);
                let coding = parts.next().unwrap_or_default();
                let Some(weight) = weight(parts) else { continue };
                if coding.eq_ignore_ascii_case("br") {
                    brotli = Some(weight);
                } else if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
                    gzip = Some(weight);
                } else if coding.eq_ignore_ascii_case("identity") {
                    identity = Some(weight);
                } else if coding == "*" {
                    other = Some(weight);
                }
            }
        }
        let gzip = gzip.or(other).unwrap_or(0.0);
        let (coding, best) = Self::better(brotli.or(other).unwrap_or(0.0), gzip);
        (best > 0.0 && best >= identity.unwrap_or(0.0)).then_some(coding)
    }

    /// The better of what the client likes: brotli, where it does not mind.
    #[cfg(feature = "brotli")]
    fn better(brotli: f32, gzip: f32) -> (Self, f32) {
        if brotli >= gzip { (Self::Brotli, brotli) } else { (Self::Gzip, gzip) }
    }

    #[cfg(not(feature = "brotli"))]
    fn better(_: f32, gzip: f32) -> (Self, f32) {
        (Self::Gzip, gzip)
    }

    /// The name for `Content-Encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "brotli")]
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The compressed bytes; none if the encoder failed, and then the answer goes out as it is.
    pub(crate) fn compress(self, bytes: &[u8]) -> Option<Vec<u8>> {
        let out = Vec::with_capacity(bytes.len() / 4);
        match self {
            #[cfg(feature = "brotli")]
            Self::Brotli => {
                let mut out = out;
                // A window that is larger than the answer would only be memory to clear.
                let window = bytes.len().max(1).ilog2().saturating_add(1).clamp(16, 22);
                let params = BrotliEncoderParams {
                    quality: 4,
                    lgwin: i32::try_from(window).ok()?,
                    size_hint: bytes.len(),
                    ..BrotliEncoderParams::default()
                };
                brotli::BrotliCompress(&mut &*bytes, &mut out, &params).ok()?;
                Some(out)
            }
            Self::Gzip => {
                let mut encoder = GzEncoder::new(out, Compression::new(5));
                encoder.write_all(bytes).ok()?;
                encoder.finish().ok()
            }
        }
    }
}

/// The weight among an item's parameters: 1 where there is none, nothing where it cannot be read.
pub(super) fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<f32> {
    let weight = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(weight) = weight else { return Some(1.0) };
    weight.parse().ok().filter(|weight| (0.0..=1.0).contains(weight))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use http::HeaderValue;

    use super::*;

    fn wanted(lines: &[&'static str]) -> Option<Coding> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(line));
        }
        Coding::wanted(&headers)
    }

    #[cfg(feature = "brotli")]
    #[test]
    fn brotli_wins_where_the_client_does_not_mind() {
        for lines in [&["gzip, deflate, br"][..], &["gzip", "br"], &["*"], &["BR;q=0.5, GZIP;q=0.5"], &["br, identity"]]
        {
            assert_eq!(wanted(lines), Some(Coding::Brotli), "{lines:?}");
        }
    }

    #[test]
    fn weights_decide() {
        assert_eq!(wanted(&["br;q=0.5, gzip;q=0.8"]), Some(Coding::Gzip));
        assert_eq!(wanted(&["br; q=0, *"]), Some(Coding::Gzip));
        assert_eq!(wanted(&["br;q=0", "x-gzip"]), Some(Coding::Gzip));
        assert_eq!(wanted(&["br;q=much, gzip;q=0.1"]), Some(Coding::Gzip));
        assert_eq!(wanted(&["gzip;q=0.5, identity;q=0.5"]), Some(Coding::Gzip));
    }

    #[test]
    fn nobody_gets_a_coding_that_was_not_asked_for() {
        for lines in [
            &[][..],
            &[""],
            &["deflate, zstd"],
            &["br;q=0, gzip;q=0"],
            &["*;q=0"],
            &["identity"],
            &["identity, gzip;q=0.9"],
        ] {
            assert_eq!(wanted(lines), None, "{lines:?}");
        }
    }

    #[test]
    fn what_is_compressed_comes_back_and_is_smaller() {
        for length in [0, 1, WORTHWHILE, 70_000, 5_000_000] {
            let bytes = b"{\"name\":\"get_weather\"},".iter().copied().cycle().take(length).collect::<Vec<u8>>();
            for coding in [
                Coding::Gzip,
                #[cfg(feature = "brotli")]
                Coding::Brotli,
            ] {
                let compressed = coding.compress(&bytes).unwrap();
                let mut back = Vec::new();
                match coding {
                    #[cfg(feature = "brotli")]
                    Coding::Brotli => brotli::BrotliDecompress(&mut &*compressed, &mut back).unwrap(),
                    Coding::Gzip => {
                        flate2::read::GzDecoder::new(&*compressed).read_to_end(&mut back).unwrap();
                    }
                }
                assert!(back == bytes, "{coding:?} of {length}");
                assert!(length < WORTHWHILE || compressed.len() < length / 4, "{coding:?} of {length}");
            }
        }
    }
}
