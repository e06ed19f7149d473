//! Actions as data: one row says all about one thing that can happen, and [`actions!`](crate::actions) makes an enum of them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::network::Network;

/// What is fixed about one action.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name on record, as `thing.verb`.
    pub name: &'static str,
    /// The names of the facts that its records can carry.
    pub facts: &'static [&'static str],
    /// The names of those that tell its refusals apart.
    pub apart: &'static [&'static str],
    /// What people are told of it; `None` where another record tells them already.
    pub words: Option<Words>,
}

/// What people are told of an action, in a few words without a full stop.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// Where it was done.
    pub allowed: fn(&Facts<'_>) -> String,
    /// Where it was not.
    pub denied: fn(&Facts<'_>) -> String,
    /// Whose "no" it is where it was not.
    pub denial: Denial,
}

/// Whose "no" it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denial {
    /// The rules refused it: worth a second look.
    Refused,
    /// The person declined it: their own answer.
    Declined,
}

/// An action that happened, with its facts. [`actions!`](crate::actions) writes this for an enum.
pub trait Audited {
    /// All that is fixed about it.
    fn row(&self) -> &'static Row;

    /// Its facts by name, as they go on record.
    fn facts(&self) -> BTreeMap<&'static str, String>;

    /// Those that tell its refusals apart, as far as they do.
    fn apart(&self) -> BTreeMap<&'static str, String>;
}

/// Something that a fact can be. It is never a secret.
pub trait Fact {
    /// As it goes on record; `None`: it does not.
    fn on_record(&self) -> Option<String>;

    /// As far as it tells refusals apart.
    fn apart(&self) -> Option<String> {
        self.on_record()
    }

    /// In words, where what is on record is not fit to be read. The record may lack the fact, or hold a value that only
    /// another version of the software knows.
    fn words(_on_record: Option<&str>) -> Option<&'static str> {
        None
    }
}

impl Fact for String {
    fn on_record(&self) -> Option<String> {
        Some(self.clone())
    }
}

/// Addresses of one [`Network`] are not apart.
impl Fact for IpAddr {
    fn on_record(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn apart(&self) -> Option<String> {
        Some(Network::of(*self).to_string())
    }
}

impl Fact for usize {
    fn on_record(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// Names without spaces, with spaces between them.
impl Fact for Vec<String> {
    fn on_record(&self) -> Option<String> {
        Some(self.join(" "))
    }
}

/// A fact that there is not always.
impl<F: Fact> Fact for Option<F> {
    fn on_record(&self) -> Option<String> {
        self.as_ref().and_then(F::on_record)
    }

    fn apart(&self) -> Option<String> {
        self.as_ref().and_then(F::apart)
    }

    fn words(on_record: Option<&str>) -> Option<&'static str> {
        F::words(on_record)
    }
}

/// The facts of a record, as its words need them.
pub struct Facts<'a> {
    /// As they are on record.
    pub on_record: &'a BTreeMap<String, String>,
    /// Makes a text fit to be shown: some of it came from strangers. `None` where nothing of it can be seen.
    pub clean: &'a dyn Fn(&str) -> Option<String>,
}

impl Facts<'_> {
    /// One of them, to stand in a sentence.
    pub fn shown<F: Fact>(&self, name: &str) -> String {
        let on_record = self.on_record.get(name).map(String::as_str);
        let words = F::words(on_record).map(str::to_owned);
        words.or_else(|| on_record.and_then(self.clean)).unwrap_or_else(|| format!("a {}", name.replace('_', " ")))
    }
}

/// Defines an enum of actions from its rows.
///
/// Each variant has its facts as fields, each a [`Fact`](crate::audit_row::Fact), and one row:
/// - `["thing.verb" "Words"]`, where the words fit whatever came of it,
/// - `["thing.verb" "Words" refused "Words where the rules refused it"]`,
/// - `["thing.verb" "Words" declined "Words where the person said no"]`,
/// - `["thing.verb" unshown]`, where another record tells people already.
///
/// The words are as [`format!`] takes them: they can name the facts of the variant.
///
/// `apart [kind]` behind the row names the facts that tell refusals apart. Refusals that differ in one of them are records of
/// their own, up to a small number. Without it, refusals are one record with a count. Name what a person must not miss: from
/// where, at what.
///
/// The enum is [`Audited`](crate::audit_row::Audited), so that an [`Event`](crate::Event) can be made of it, and has
/// `rows() -> Vec<&'static Row>`: every row there is. The compiler makes this list, so nothing is missing from it. An
/// application that reports actions of its own gives their rows to [`Audit::actions`](crate::Audit::actions).
///
/// ```
/// use countersign_storage::{Actor, Event};
///
/// countersign_storage::actions! {
///     /// What happens in the kitchen.
///     pub enum Kitchen {
///         /// Tea was made.
///         MakeTea {
///             /// Of which kind.
///             kind: String,
///             /// In how many cups.
///             cups: Option<usize>,
///         } => ["tea.make" "Made {kind}" refused "There was no {kind}"],
///     }
/// }
///
/// let tea = Kitchen::MakeTea { kind: "Assam".to_owned(), cups: None };
/// let event = Event::new(tea, Actor::System);
/// assert_eq!(event.action(), "tea.make");
/// assert_eq!(Kitchen::rows()[0].facts, ["kind", "cups"]);
/// ```
///
/// A fact that the action does not have does not compile:
///
/// ```compile_fail,E0559
/// countersign_storage::actions! {
///     enum Kitchen {
///         MakeTea { kind: String } => ["tea.make" "Made {kind}"],
///     }
/// }
/// let tea = Kitchen::MakeTea { kind: "Assam".to_owned(), cups: 2 };
/// ```
///
/// Nor do words that name one:
///
/// ```compile_fail,E0425
/// countersign_storage::actions! {
///     enum Kitchen {
///         MakeTea { kind: String } => ["tea.make" "Made {cups} of {kind}"],
///     }
/// }
/// ```
///
/// Nor does an action without words:
///
/// ```compile_fail
/// countersign_storage::actions! {
///     enum Kitchen {
///         MakeTea { kind: String } => ["tea.make"],
///     }
/// }
/// ```
#[macro_export]
macro_rules! actions {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident $( { $( $(#[$field_meta:meta])* $field:ident : $type:ty ),* $(,)? } )?
                => $row:tt $( apart [ $( $apart:ident ),* ] )?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $visibility enum $name {
            $(
                $(#[$variant_meta])*
                $variant $( { $( $(#[$field_meta])* $field: $type ),* } )?
            ),*
        }

        impl $name {
            /// Every row there is.
            $visibility fn rows() -> Vec<&'static $crate::audit_row::Row> {
                vec![ $( $crate::actions!(@row $row [ $( $( $field: $type ),* )? ] [ $( $( $apart ),* )? ]) ),* ]
            }
        }

        #[allow(unused_variables)]
        impl $crate::audit_row::Audited for $name {
            fn row(&self) -> &'static $crate::audit_row::Row {
                match self {
                    $(
                        Self::$variant { .. } => {
                            $crate::actions!(@row $row [ $( $( $field: $type ),* )? ] [ $( $( $apart ),* )? ])
                        }
                    ),*
                }
            }

            fn facts(&self) -> std::collections::BTreeMap<&'static str, String> {
                let facts: Vec<(&'static str, Option<String>)> = match self {
                    $(
                        Self::$variant $( { $( $field ),* } )? => vec![
                            $( $( (stringify!($field), $crate::audit_row::Fact::on_record($field)) ),* )?
                        ]
                    ),*
                };
                facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect()
            }

            fn apart(&self) -> std::collections::BTreeMap<&'static str, String> {
                let apart: Vec<(&'static str, Option<String>)> = match self {
                    $(
                        Self::$variant $( { $( $field ),* } )? => vec![
                            $( $( (stringify!($apart), $crate::audit_row::Fact::apart($apart)) ),* )?
                        ]
                    ),*
                };
                apart.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect()
            }
        }
    };

    (@row [$name:literal $( $words:tt )+] [ $( $field:ident: $type:ty ),* ] [ $( $apart:ident ),* ]) => {{
        static ROW: $crate::audit_row::Row = $crate::audit_row::Row {
            name: $name,
            facts: &[ $( stringify!($field) ),* ],
            apart: &[ $( stringify!($apart) ),* ],
            words: $crate::actions!(@words [ $( $field: $type ),* ] $( $words )+),
        };
        &ROW
    }};

    (@words $facts:tt unshown) => { None };
    (@words $facts:tt $text:literal) => {
        $crate::actions!(@words $facts $text refused $text)
    };
    (@words $facts:tt $allowed:literal refused $denied:literal) => {
        $crate::actions!(@words $facts $allowed Refused $denied)
    };
    (@words $facts:tt $allowed:literal declined $denied:literal) => {
        $crate::actions!(@words $facts $allowed Declined $denied)
    };
    (@words $facts:tt $allowed:literal $denial:ident $denied:literal) => {
        Some($crate::audit_row::Words {
            allowed: $crate::actions!(@text $facts $allowed),
            denied: $crate::actions!(@text $facts $denied),
            denial: $crate::audit_row::Denial::$denial,
        })
    };

    (@text [ $( $field:ident: $type:ty ),* ] $text:literal) => {{
        #[allow(unused_variables, clippy::useless_format)]
        fn text(facts: &$crate::audit_row::Facts<'_>) -> String {
            $( let $field = facts.shown::<$type>(stringify!($field)); )*
            format!($text)
        }
        text
    }};
}
