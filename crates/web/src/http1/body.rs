//! Where a body ends ([RFC 9112 §6.3], [RFC 9112 §7.1]).
//!
//! [RFC 9112 §6.3]: https://www.rfc-editor.org/rfc/rfc9112#section-6.3
//! [RFC 9112 §7.1]: https://www.rfc-editor.org/rfc/rfc9112#section-7.1

/// What of a body is still to come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body(Rest);

/// A chunk is not as the standard has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the body is not in chunks")]
pub struct BadBody;

#[derive(Clone, PartialEq, Eq, Debug)]
enum Rest {
    /// This many bytes, as they are.
    Bytes(u64),
    /// The line with the size of a chunk, as far as it came.
    Size(Vec<u8>),
    /// This many bytes of a chunk.
    Chunk(u64),
    /// The end of the line after a chunk, as far as it came: after the last one nothing follows.
    Line { came: usize, last: bool },
}

impl Body {
    pub(super) fn of_length(length: u64) -> Self {
        Body(Rest::Bytes(length))
    }

    pub(super) fn chunked() -> Self {
        Body(Rest::Size(Vec::new()))
    }

    /// Whether all of the body came.
    pub fn is_over(&self) -> bool {
        self.0 == Rest::Bytes(0)
    }

    /// How many bytes of `input` belong to the body.
    ///
    /// # Errors
    /// [`BadBody`]. Fields after the last chunk are refused: nobody here reads them.
    pub fn take(&mut self, input: &[u8]) -> Result<usize, BadBody> {
        let mut taken = 0;
        while let Some(rest) = input.get(taken..).filter(|rest| !rest.is_empty() && !self.is_over()) {
            taken += self.step(rest)?;
        }
        Ok(taken)
    }

    fn step(&mut self, input: &[u8]) -> Result<usize, BadBody> {
        let byte = input.first().copied().ok_or(BadBody)?;
        match &mut self.0 {
            Rest::Bytes(left) => Ok(pass(left, input)),
            Rest::Chunk(left) => {
                let passed = pass(left, input);
                if *left == 0 {
                    self.0 = Rest::Line { came: 0, last: false };
                }
                Ok(passed)
            }
            Rest::Size(line) => {
                line.push(byte);
                if let Some(line) = line.strip_suffix(b"\r\n") {
                    self.0 = match chunk_size(line)? {
                        0 => Rest::Line { came: 0, last: true },
                        size => Rest::Chunk(size),
                    };
                } else if line.len() > LONGEST_LINE {
                    return Err(BadBody);
                }
                Ok(1)
            }
            Rest::Line { came, last } => {
                if b"\r\n".get(*came) != Some(&byte) {
                    return Err(BadBody);
                }
                *came += 1;
                if *came == 2 {
                    self.0 = if *last { Rest::Bytes(0) } else { Rest::Size(Vec::new()) };
                }
                Ok(1)
            }
        }
    }
}

fn pass(left: &mut u64, input: &[u8]) -> usize {
    let here = u64::try_from(input.len()).unwrap_or(u64::MAX).min(*left);
    *left -= here;
    // It is no more than the length of the input.
    usize::try_from(here).unwrap_or(input.len())
}

/// The size, and extensions that nobody reads ([RFC 9112 §7.1.1]).
///
/// [RFC 9112 §7.1.1]: https://www.rfc-editor.org/rfc/rfc9112#section-7.1.1
fn chunk_size(line: &[u8]) -> Result<u64, BadBody> {
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, extension) = line.split_at_checked(end).ok_or(BadBody)?;
    let plain = extension.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    if digits.is_empty() || digits.len() > 15 || !plain || !(extension.is_empty() || extension.starts_with(b";")) {
        return Err(BadBody);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| BadBody)?;
    u64::from_str_radix(digits, 16).map_err(|_| BadBody)
}

/// How long the line with the size may be. A longer one is not a size: somebody wants to be read for ever.
const LONGEST_LINE: usize = 128;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_ends_where_its_length_says() {
        let mut body = Body::of_length(5);
        assert_eq!((body.take(b"abc"), body.is_over()), (Ok(3), false));
        assert_eq!((body.take(b"deGET /"), body.is_over()), (Ok(2), true));
        assert_eq!(body.take(b"GET /"), Ok(0));
        assert!(Body::of_length(0).is_over());
    }

    #[test]
    fn a_body_in_chunks_ends_after_the_last_one() {
        let text = b"5\r\nabcde\r\n1;a=\"b\"\r\nf\r\n0\r\n\r\n";
        let all = [&text[..], b"GET /"].concat();
        assert_eq!(Body::chunked().take(&all), Ok(text.len()));
        // In whatever pieces it comes.
        let mut body = Body::chunked();
        for byte in text {
            assert!(!body.is_over());
            assert_eq!(body.take(&[*byte]), Ok(1));
        }
        assert!(body.is_over());
    }

    proptest! {
        #[test]
        fn a_body_ends_in_the_same_place_in_whatever_pieces_it_comes(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..5),
            cuts in prop::collection::vec(1_usize..9, 1..60),
        ) {
            let mut text = Vec::new();
            for chunk in &chunks {
                text.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                text.extend([&chunk[..], b"\r\n"].concat());
            }
            text.extend(b"0\r\n\r\n");
            let all = [&text[..], b"GET / HTTP/1.1"].concat();
            let (mut body, mut taken, mut cuts) = (Body::chunked(), 0, cuts.iter().cycle());
            while !body.is_over() {
                let end = all.len().min(taken + cuts.next().unwrap());
                taken += body.take(&all[taken..end]).unwrap();
            }
            prop_assert_eq!(taken, text.len());
        }
    }

    #[test]
    fn chunks_that_two_readers_may_read_differently_are_refused() {
        for bad in [
            &b"5\nabcde\r\n0\r\n\r\n"[..],
            b"5\r\nabcdeX0\r\n\r\n",
            b"5\r\nabcde\n0\r\n\r\n",
            b"0x5\r\nabcde\r\n0\r\n\r\n",
            b"+5\r\nabcde\r\n0\r\n\r\n",
            b"5 \r\nabcde\r\n0\r\n\r\n",
            b"\r\n0\r\n\r\n",
            b"ffffffffffffffff\r\n",
            b"5;a\nb\r\nabcde",
            b"0\r\nTrailer: x\r\n\r\n",
        ] {
            assert_eq!(Body::chunked().take(bad), Err(BadBody), "{bad:?}");
        }
        assert_eq!(Body::chunked().take(&[b'1'; 200]), Err(BadBody));
    }
}
