//! Text of strangers that people will read: the one rule for it.
//!
//! There are two entry points, because there are two uses:
//!
//! - [`cleaned`] is for what is shown **as a quotation**: names, reasons, user agents. Nobody is held to its letters, so
//!   whatever hides, reorders or piles up is taken out, and what is too long is cut with a mark.
//! - [`escaped`] is for what is **granted byte for byte**: values of constraints. It is shown whole, and two values that differ
//!   are shown differently. Whatever does not plainly print is written as `\u{200B}`.
//!
//! Both write by number what passes for something else, so that `Pаypal` with a Cyrillic `а` is seen not to be `Paypal`. The
//! second is the stricter one.
//!
//! Neither is HTML: templates escape both, and isolate their direction (`<bdi>`).
//!
//! What a character is comes from the Unicode character database ([UAX #44]), not from a list of ours, and which alphabets
//! go together, and what looks alike, from [UTS #39].
//!
//! [UTS #39]: https://www.unicode.org/reports/tr39/
//! [UAX #44]: https://www.unicode.org/reports/tr44/

mod alphabet;
mod character;
mod clean;
mod confusable;
mod escape;

pub use clean::{Cleaned, NothingToShow, cleaned, cleaned_or, quoted_or};
pub use escape::escaped;
