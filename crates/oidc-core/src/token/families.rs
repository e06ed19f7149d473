//! How many token families a grant has at once: [`crate::Policy::families_per_grant`]. One more ends the one that was unused
//! the longest: a person who signs in on a new device expects to get in there, and not to be told to look for an old one.

use countersign_storage::{Changes, Fault, Reader, Record, Stored, Timestamp};

use crate::policy::Policy;
use crate::records::revoked_family::is_over;
use crate::records::{LivingFamilies, LivingFamily, RevokedFamily, TokenFamily};

/// The families beside the one that a code founds.
pub(super) struct Families {
    living: Option<Stored<LivingFamilies>>,
    /// Those that were not revoked. Read only where there may be too many.
    crowd: Vec<Stored<TokenFamily>>,
    most: usize,
}

impl Families {
    /// Reads the families themselves where the list is full.
    pub(super) async fn load(
        living: Option<Stored<LivingFamilies>>,
        most: usize,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Fault> {
        let now = reader.now();
        let listed = living.iter().flat_map(|living| &living.families).filter(|family| now < family.dead_at);
        let (at, ends): (Vec<_>, Vec<_>) =
            listed.map(|family| (TokenFamily::at(&family.id), RevokedFamily::at(&family.id))).unzip();
        if at.len() < most {
            return Ok(Families { living, crowd: Vec::new(), most });
        }
        let (families, revoked) = (reader.load_all(&at).await?, reader.load_all(&ends).await?);
        // They may go on being used, also the one that makes room: no use of it is faster than its end. And they may end.
        at.iter().for_each(|at| reader.unguard(at.key()));
        ends.iter().for_each(|end| reader.unguard(end.key()));
        let alive = families
            .into_iter()
            .zip(revoked)
            .filter_map(|(family, revoked)| family.filter(|family| !is_over(family, &revoked)));
        Ok(Families { crowd: alive.collect(), living, most })
    }

    /// Lists `family`, and ends one where there are too many.
    pub(super) fn admit(
        self,
        family: &TokenFamily,
        dead_at: Timestamp,
        policy: &Policy,
        now: Timestamp,
        changes: &mut Changes,
    ) {
        let Families { living, crowd, most } = self;
        let mut list =
            living.as_ref().map_or_else(|| LivingFamilies::none(&family.grant_id), |living| living.record.clone());
        list.forget_dead(now);
        if list.families.len() >= most {
            let mut alive: Vec<Stored<TokenFamily>> = crowd
                .into_iter()
                .filter(|other| now < other.expires_at)
                .filter(|other| other.grant_generation == family.grant_generation)
                .collect();
            alive.sort_by_key(|other| other.used_at());
            let too_many = (alive.len() + 1).saturating_sub(most);
            for ended in alive.drain(..too_many.min(alive.len())) {
                changes.insert(&RevokedFamily::of(&ended, policy, now));
            }
            let alive: Vec<&str> = alive.iter().map(|other| other.id.as_str()).collect();
            list.keep(&alive);
        }
        list.families.push(LivingFamily { id: family.id.clone(), dead_at });
        match living {
            Some(living) => changes.replace(&living.with(list)),
            None => changes.insert(&list),
        };
    }
}
