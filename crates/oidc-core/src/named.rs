//! Enums whose values have a name on the wire. Each value is one row, so the compiler makes the list of them and no name is
//! written twice.

/// Defines such an enum from its rows, `Variant => "name"`: in requests, in metadata and in records it is that name.
macro_rules! named {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident => $text:literal ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$variant_meta])* #[serde(rename = $text)] $variant ),*
        }

        impl $name {
            /// Every one, in the order in which metadata lists them.
            pub const ALL: &'static [$name] = &[$( $name::$variant ),*];

            /// As it stands in requests and metadata.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( $name::$variant => $text ),*
                }
            }

            /// The one with this name.
            pub fn named(name: &str) -> Option<Self> {
                $name::ALL.iter().copied().find(|known| known.as_str() == name)
            }
        }
    };
}

pub(crate) use named;
