//! What can be the id of a registered client.

/// 1 to 255 printable ASCII characters ([RFC 6749 §A.1](https://www.rfc-editor.org/rfc/rfc6749#appendix-A.1)) without a colon,
/// which ends the id in HTTP Basic authentication, and so never a URL.
pub(crate) fn is_client_id(client_id: &str) -> bool {
    (1..=255).contains(&client_id.len()) && client_id.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}
