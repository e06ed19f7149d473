//! The port to the application's users, and a store-backed default for those who have none.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::convert::Infallible;

use crate::batch::Changes;
use crate::clock::Timestamp;
use crate::decision::{Decision, Moment, Stopped};
use crate::email::EmailAddress;
use crate::fault::Fault;
use crate::identity::Subject;
use crate::operation::{Operation, Ports};
use crate::reader::Reader;
use crate::record::{Kind, Record, Stored, if_legible};
use crate::secret::Handle;

/// The port to the application's users. It is small so that it fits on a table that exists already.
///
/// # Security
/// Whoever this port says owns an e-mail address, and is active, is believed. Two accounts with one address would let
/// one sign in as the other.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account of a subject.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    async fn by_subject(&self, subject: &Subject) -> Result<Option<Account>, Fault>;

    /// The account of a subject, to decide on. Where the accounts lie in the database that the decision commits to
    /// ([`Store::whole`](crate::Store::whole)), what was read is still so when it commits: nobody acts for a person who was kept
    /// out meanwhile. Accounts that lie elsewhere keep the default: a person is refused from the next decision on.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    async fn by_subject_guarded(&self, subject: &Subject, reader: &mut Reader<'_>) -> Result<Option<Account>, Fault> {
        let _ = reader;
        self.by_subject(subject).await
    }

    /// The account that owns an address.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    async fn by_email(&self, email: &EmailAddress) -> Result<Option<Account>, Fault>;

    /// Creates an account, unless the address is taken: of two at once for one address exactly one succeeds.
    ///
    /// # Errors
    /// [`EmailTaken`], and [`Fault::Unavailable`].
    async fn create(&self, account: NewAccount) -> Result<Account, Stopped<EmailTaken>>;
}

/// A person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The stable name.
    pub subject: Subject,
    /// The address, unique among accounts.
    pub email: EmailAddress,
    /// Whether the person proved to receive mail there.
    pub email_verified: bool,
    /// The full name to show ([OIDC Core §5.1], `name`).
    ///
    /// [OIDC Core §5.1]: https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims
    pub name: String,
    /// Further standard claims of [OIDC Core §5.1] by name: `given_name`, `address`, `phone_number`, …
    ///
    /// [OIDC Core §5.1]: https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// Whether the person may sign in.
    pub state: AccountState,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When anything in it last changed (`updated_at`).
    pub updated_at: Timestamp,
    /// How often the account was disabled. Sessions, grants and agents remember the generation that they began in and hold
    /// in no other, so that an account that is let in again finds none of them alive. Always 0 where the application does
    /// not count; then enabling an account revives what disabling it stopped.
    #[serde(default)]
    pub generation: u32,
}

/// Whether a person may sign in, and whether tokens about them are honoured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Yes.
    Active,
    /// No: everything that acts for them is refused at the next call.
    Disabled,
}

impl AccountState {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            AccountState::Active => "active",
            AccountState::Disabled => "disabled",
        }
    }
}

impl Account {
    /// Whether the person may act, and what began in `generation` of the account still holds. Every use of a session, a
    /// grant, a token or an agent asks this.
    pub fn carries(&self, generation: u32) -> bool {
        self.state == AccountState::Active && self.generation == generation
    }
}

/// An account, as far as this version can tell: for lists of what is a person's. A newer version of the software may have written
/// the account ([`Fault::Newer`]); that must hide nothing from who wants to end it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SeenAccount {
    /// The account; `None` where there is none.
    Known(Option<Account>),
    /// There is one, and only a newer version can tell more.
    Newer,
}

impl SeenAccount {
    /// The account of a subject.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn of(subject: &Subject, accounts: &dyn Accounts) -> Result<Self, Fault> {
        match accounts.by_subject(subject).await {
            Err(Fault::Newer { .. }) => Ok(SeenAccount::Newer),
            found => found.map(SeenAccount::Known),
        }
    }

    /// Whether what began in `generation` holds, or may hold as far as this version can tell. To show it; to use it, ask
    /// [`Account::carries`].
    pub fn may_carry(&self, generation: u32) -> bool {
        match self {
            SeenAccount::Known(account) => account.as_ref().is_some_and(|account| account.carries(generation)),
            SeenAccount::Newer => true,
        }
    }
}

/// An account to create. The subject is chosen by the caller, so that credentials can be stored before it exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAccount {
    /// A fresh subject.
    pub subject: Subject,
    /// The address.
    pub email: EmailAddress,
    /// The name to show.
    pub name: String,
}

/// Another account owns the e-mail address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the e-mail address is taken")]
pub struct EmailTaken;

/// Accounts kept in the [`crate::Store`], for applications without users of their own.
#[derive(Clone, Debug)]
pub struct StoredAccounts {
    ports: Ports,
}

impl StoredAccounts {
    /// Over these ports.
    pub fn new(ports: Ports) -> Self {
        StoredAccounts { ports }
    }

    /// Lets a person in or keeps them out. Keeping them out ends their sessions, grants and agents for good, in this one
    /// write ([`Account::generation`]), also where a newer version of the software wrote the account. Whether there is such a
    /// person.
    ///
    /// # Errors
    /// [`Fault::Newer`] where a person is to be let in and a newer version wrote the account; [`Fault::Unavailable`].
    pub async fn set_state(&self, subject: &Subject, state: AccountState) -> Result<bool, Fault> {
        Ok(self.ports.perform(&SetState { subject, state }).await?)
    }
}

#[async_trait]
impl Accounts for StoredAccounts {
    async fn by_subject(&self, subject: &Subject) -> Result<Option<Account>, Fault> {
        let found = self.ports.reader().load(Account::at(subject.as_str())).await?;
        Ok(found.map(|stored| stored.record))
    }

    async fn by_subject_guarded(&self, subject: &Subject, reader: &mut Reader<'_>) -> Result<Option<Account>, Fault> {
        let found = reader.load_beside(self.ports.store.as_ref(), Account::at(subject.as_str())).await?;
        Ok(found.map(|stored| stored.record))
    }

    async fn by_email(&self, email: &EmailAddress) -> Result<Option<Account>, Fault> {
        let found = self.ports.reader().load(AddressOwner::at(address_id(email))).await?;
        match found {
            Some(owner) => self.by_subject(&owner.subject).await,
            None => Ok(None),
        }
    }

    async fn create(&self, account: NewAccount) -> Result<Account, Stopped<EmailTaken>> {
        self.ports.perform(&Create { account }).await
    }
}

impl Record for Account {
    const KIND: Kind = Kind::new("account");

    fn id(&self) -> String {
        self.subject.as_str().to_owned()
    }
}

/// An account as every version of the software can tell it: enough to keep the person out. It reads only members whose
/// meaning never changes; when it is written, all others stay.
#[derive(Serialize, Deserialize)]
struct AccountOutline {
    subject: Subject,
    /// `active` and `disabled` are what they are in [`AccountState`]; a newer version may know further words.
    state: String,
    #[serde(default)]
    generation: u32,
    #[serde(default, deserialize_with = "if_legible")]
    updated_at: Option<Timestamp>,
}

impl Record for AccountOutline {
    const KIND: Kind = Account::KIND;
    const SHAPE: u32 = u32::MAX;

    fn id(&self) -> String {
        self.subject.as_str().to_owned()
    }
}

/// Who owns an address. Its key is what makes addresses unique.
#[derive(Serialize, Deserialize)]
pub(crate) struct AddressOwner {
    address: Handle,
    subject: Subject,
}

impl Record for AddressOwner {
    const KIND: Kind = Kind::new("account_address");

    fn id(&self) -> String {
        self.address.as_str().to_owned()
    }
}

fn address_id(email: &EmailAddress) -> String {
    Handle::of(email.as_str()).as_str().to_owned()
}

struct Create {
    account: NewAccount,
}

#[async_trait]
impl Operation for Create {
    type Loaded = Option<Stored<AddressOwner>>;
    type Granted = Account;
    type Refusal = EmailTaken;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        reader.load(AddressOwner::at(address_id(&self.account.email))).await
    }

    fn decide(&self, owner: Self::Loaded, moment: &Moment<'_>) -> Decision<Account, EmailTaken> {
        if owner.is_some() {
            return Decision::refuse(EmailTaken);
        }
        let NewAccount { subject, email, name } = self.account.clone();
        let owner = AddressOwner { address: Handle::of(email.as_str()), subject: subject.clone() };
        let account = Account {
            subject,
            email,
            email_verified: false,
            name,
            claims: Map::new(),
            state: AccountState::Active,
            created_at: moment.now,
            updated_at: moment.now,
            generation: 0,
        };
        let mut changes = Changes::none();
        changes.insert(&owner).insert(&account);
        Decision::grant(account).changing(changes)
    }
}

struct SetState<'a> {
    subject: &'a Subject,
    state: AccountState,
}

#[async_trait]
impl Operation for SetState<'_> {
    type Loaded = Option<Stored<AccountOutline>>;
    type Granted = bool;
    type Refusal = Infallible;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let at = AccountOutline::at(self.subject.as_str());
        let Some(account) = reader.load(at).await? else { return Ok(None) };
        // Why a newer version keeps somebody out cannot be told here.
        if self.state == AccountState::Active && account.read_as::<Account>()?.is_none() {
            return Err(Fault::Newer { kind: Account::KIND.as_str() });
        }
        Ok(Some(account))
    }

    fn decide(&self, account: Self::Loaded, moment: &Moment<'_>) -> Decision<bool, Infallible> {
        let Some(mut account) = account else { return Decision::grant(false) };
        if account.state == self.state.as_str() {
            return Decision::grant(true);
        }
        account.record.state = self.state.as_str().to_owned();
        if self.state == AccountState::Disabled {
            account.record.generation = account.record.generation.saturating_add(1);
        }
        account.record.updated_at = Some(moment.now);
        let mut changes = Changes::none();
        changes.replace(&account);
        Decision::grant(true).changing(changes)
    }
}
