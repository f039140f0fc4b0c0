//! What can go wrong in a store, named by what its caller may do about it.

/// Why a store did not do what it was asked. `doing` says what that was, and to what.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What stands there does not allow it: another was first, or it is there already. Asking again will not help.
    #[error("cannot {doing}: {reason}")]
    Conflict {
        /// What was asked.
        doing: String,
        /// What stands in its way.
        reason: String,
    },
    /// The store could not be reached, refused us or broke off. Nothing was done; asking later may help.
    #[error("cannot {doing}: the store is unavailable: {reason}")]
    Unavailable {
        /// What was asked.
        doing: String,
        /// Why, without secrets.
        reason: String,
        /// The driver's own error.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The store holds what no rule of ours could have written, or is not of the shape that this program knows.
    #[error("cannot {doing}: the store is not as it should be: {reason}")]
    Corrupt {
        /// What was asked.
        doing: String,
        /// What was found.
        reason: String,
        /// The driver's own error.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}
