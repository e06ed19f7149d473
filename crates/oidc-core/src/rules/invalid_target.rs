//! Why a resource is refused.

countersign_web::refusals! {
    /// Why a resource is refused (`invalid_target`).
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum InvalidTarget {
        /// Not an absolute URI without a fragment.
        Malformed => [
            BAD_REQUEST "invalid_target" "RFC 8707 §2" "A resource must be an absolute URI without a fragment."
        ],
        /// Not a resource of this issuer, or not one for this client.
        NotAllowed => [
            BAD_REQUEST "invalid_target" "RFC 8707 §2" "The client must not ask for tokens for this resource."
        ],
    }
}
