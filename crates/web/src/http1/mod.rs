//! HTTP/1.1 requests as they come off the wire, read strictly ([RFC 9112]).
//!
//! Servers and proxies that read one stream of bytes in two ways let a request hide in another one. Parsers of frameworks
//! forgive what they can, each in its own way; so whatever is ambiguous is refused before they see it. This module decides;
//! it does no input or output.
//!
//! Refused with 400: lines that end in a bare LF, a bare CR anywhere, folded lines, white space before a colon, control
//! characters, no `Host` or two, two lengths, a length beside a transfer coding, any transfer coding but `chunked`, a target
//! for another host, `CONNECT`. With 431: too many fields, or too long. `Upgrade` is taken out: nothing is upgraded here.
//!
//! [RFC 9112]: https://www.rfc-editor.org/rfc/rfc9112

mod body;
mod head;

pub use body::{BadBody, Body};
pub use head::{Bounds, Head, HeadRefusal, find_end};
