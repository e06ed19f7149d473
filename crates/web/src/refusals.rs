//! Refusals as data: one row says all about one way to be refused.

pub use http::StatusCode;

/// What is fixed about one way to be refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// The name of the variant.
    pub name: &'static str,
    /// The status of the answer.
    pub status: StatusCode,
    /// The code that programs read: the `error` of the answer. Empty where the answer has none.
    pub code: &'static str,
    /// The standard and the section that define the code or demand the refusal: `RFC 6749 §5.2`. `own` where it is ours.
    pub standard: &'static str,
    /// The sentence that people read, with `{name}` where a value of the request or the policy belongs.
    pub text: &'static str,
}

/// Defines an enum of refusals from its rows.
///
/// Each variant has one row: `[STATUS "code" "standard" "text"]`, with the status by its name in [`StatusCode`] and the
/// text as [`format!`] takes it: it can name the fields of the variant. A variant with one value names it, `Params(error:
/// FormError)`. Where the value is an enum of refusals itself, the row is `inner`: the value answers for the variant, and
/// becomes it by [`From`].
///
/// Where whoever runs the server needs to know more than the peer may be told, the row has words of their own: `[STATUS
/// "code" "standard" "text" operator "found {found}"]`. `Display` writes those, and the peer gets the text of the row.
///
/// The enum gets `Display` and [`Error`](std::error::Error), and
/// - `row(&self) -> &'static Row`, `code(&self) -> &'static str`, `status(&self) -> StatusCode`,
/// - `rows() -> Vec<&'static Row>`: every row there is, those of inner refusals included. The compiler makes this list, so a
///   test that walks it misses nothing.
///
/// ```
/// countersign_web::refusals! {
///     /// Why there is no tea.
///     #[derive(Clone, PartialEq, Eq, Debug)]
///     pub enum NoTea {
///         /// The pot is of the wrong kind.
///         Teapot => [IM_A_TEAPOT "teapot" "RFC 2324 §2.3.2" "This is a teapot."],
///         /// There are not enough cups.
///         Cups {
///             /// How many there are.
///             left: u8,
///         } => [CONFLICT "no_cups" "own" "Only {left} cups are left."],
///     }
/// }
///
/// let refusal = NoTea::Cups { left: 2 };
/// assert_eq!(refusal.code(), "no_cups");
/// assert_eq!(refusal.status(), http::StatusCode::CONFLICT);
/// assert_eq!(refusal.to_string(), "Only 2 cups are left.");
/// assert_eq!(NoTea::rows().len(), 2);
/// ```
#[macro_export]
macro_rules! refusals {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident
                    $( { $( $(#[$field_meta:meta])* $field:ident : $field_type:ty ),* $(,)? } )?
                    $( ( $value:ident : $value_type:ty ) )?
                    => $row:tt
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $visibility enum $name {
            $(
                $(#[$variant_meta])*
                $variant $( { $( $(#[$field_meta])* $field: $field_type ),* } )? $( ($value_type) )?
            ),*
        }

        #[allow(dead_code, unused_variables, clippy::vec_init_then_push)]
        impl $name {
            /// All that is fixed about this refusal.
            $visibility fn row(&self) -> &'static $crate::refusals::Row {
                match self {
                    $(
                        Self::$variant $( { $( $field ),* } )? $( ($value) )? => {
                            $crate::refusals!(@row $variant $row $( $value )?)
                        }
                    )*
                }
            }

            /// The code that programs read.
            $visibility fn code(&self) -> &'static str {
                self.row().code
            }

            /// The status of the answer.
            $visibility fn status(&self) -> $crate::refusals::StatusCode {
                self.row().status
            }

            /// Every row there is.
            $visibility fn rows() -> Vec<&'static $crate::refusals::Row> {
                let mut rows = Vec::new();
                $( $crate::refusals!(@list rows $variant $row $( $value_type )?); )*
                rows
            }
        }

        #[allow(unused_variables)]
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(
                        Self::$variant $( { $( $field ),* } )? $( ($value) )? => {
                            $crate::refusals!(@text f $row $( $value )?)
                        }
                    )*
                }
            }
        }

        impl std::error::Error for $name {}

        $( $crate::refusals!(@from $name $variant $row $( $value_type )?); )*
    };

    (@row $variant:ident inner $value:ident) => { $value.row() };
    (@row $variant:ident
        [$status:ident $code:literal $standard:literal $text:literal $( operator $words:literal )?] $( $value:ident )?
    ) => {
        &$crate::refusals::Row {
            name: stringify!($variant),
            status: $crate::refusals::StatusCode::$status,
            code: $code,
            standard: $standard,
            text: $text,
        }
    };

    (@list $rows:ident $variant:ident inner $value_type:ty) => { $rows.extend(<$value_type>::rows()) };
    (@list $rows:ident $variant:ident $row:tt $( $value_type:ty )?) => {
        $rows.push($crate::refusals!(@row $variant $row))
    };

    (@text $f:ident inner $value:ident) => { std::fmt::Display::fmt($value, $f) };
    (@text $f:ident [$status:ident $code:literal $standard:literal $text:literal] $( $value:ident )?) => {
        write!($f, $text)
    };
    (@text $f:ident
        [$status:ident $code:literal $standard:literal $text:literal operator $words:literal] $( $value:ident )?
    ) => {
        write!($f, $words)
    };

    (@from $name:ident $variant:ident inner $value_type:ty) => {
        impl From<$value_type> for $name {
            fn from(refusal: $value_type) -> Self {
                Self::$variant(refusal)
            }
        }
    };
    (@from $name:ident $variant:ident $row:tt $( $value_type:ty )?) => {};
}

#[cfg(test)]
mod tests {

    refusals! {
        #[derive(Clone, PartialEq, Eq, Debug)]
        enum Inner {
            Odd => [UNAUTHORIZED "odd" "own" "It is odd."],
            Large { most: usize, found: usize } => [PAYLOAD_TOO_LARGE "large" "own" "{found} is more than {most}."],
        }
    }

    refusals! {
        #[derive(Clone, PartialEq, Eq, Debug)]
        enum Outer {
            Plain => [BAD_REQUEST "plain" "RFC 6749 §5.2" "It is plain."],
            Named(name: &'static str) => [BAD_REQUEST "named" "own" "{name}"],
            Unsaid(what: Vec<String>) => [BAD_REQUEST "unsaid" "own" "It is not said what."],
            Told { found: u8 } => [FORBIDDEN "told" "own" "It is not enough." operator "{found} is not enough"],
            Inner(inner: Inner) => inner,
        }
    }

    #[test]
    fn a_refusal_answers_as_its_row_says() {
        for (refusal, status, code, text) in [
            (Outer::Plain, 400, "plain", "It is plain."),
            (Outer::Named("the name"), 400, "named", "the name"),
            (Outer::Unsaid(vec!["secret".to_owned()]), 400, "unsaid", "It is not said what."),
            (Outer::from(Inner::Odd), 401, "odd", "It is odd."),
            (Inner::Large { most: 2, found: 3 }.into(), 413, "large", "3 is more than 2."),
        ] {
            assert_eq!(refusal.status().as_u16(), status, "{refusal:?}");
            assert_eq!((refusal.code(), refusal.to_string().as_str()), (code, text));
        }
    }

    #[test]
    fn the_operator_is_told_more_than_the_peer() {
        let refusal = Outer::Told { found: 3 };
        assert_eq!((refusal.row().text, refusal.to_string().as_str()), ("It is not enough.", "3 is not enough"));
    }

    #[test]
    fn the_list_has_every_row_and_those_of_inner_refusals() {
        let names: Vec<&str> = Outer::rows().iter().map(|row| row.name).collect();
        assert_eq!(names, ["Plain", "Named", "Unsaid", "Told", "Odd", "Large"]);
        assert_eq!(Outer::rows()[0].standard, "RFC 6749 §5.2");
    }
}
