//! Why an interaction is not shown or answered.

use countersign_storage::Stopped;

countersign_web::refusals! {
    /// Why an interaction cannot be shown or answered. Nothing was changed and nobody is redirected. `Display` is for the
    /// person.
    #[derive(Clone, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum InteractionRefusal {
        /// The client was suspended, or no longer registers where the answer was to go.
        ClientGone => [BAD_REQUEST "client_gone" "own" "The application is not served at present."],
        /// Too late.
        Expired => [GONE "expired" "own" "This took too long. Go back to the application and begin again."],
        /// It was answered already.
        Finished => [GONE "finished" "own" "This was answered already."],
        /// The answer does not come from the page that was shown, or what was shown has changed since.
        ForeignAnswer => [
            FORBIDDEN "foreign_answer" "RFC 6749 §10.12"
            "The answer does not belong to what was shown. Nothing was allowed."
        ],
        /// More answers for this client than [`crate::Policy::answers`].
        TooManyAnswers => [
            TOO_MANY_REQUESTS "too_many_answers" "RFC 6585 §4"
            "You were sent back to this application too often. Please wait an hour and try again."
        ],
        /// There is no such interaction, or it belongs to another browser.
        Unknown => [
            NOT_FOUND "unknown" "own"
            "This request is not known in this browser. Go back to the application and begin again."
        ],
        /// The answer allows something that was not asked.
        Widened => [BAD_REQUEST "widened" "own" "The answer allows more than was asked. Nothing was allowed."],
    }
}

impl From<InteractionRefusal> for Stopped<InteractionRefusal> {
    fn from(refusal: InteractionRefusal) -> Self {
        Stopped::Refused(refusal)
    }
}
