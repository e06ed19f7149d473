//! The answer, and what it does: all of it in one commit.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use countersign_storage::{
    Action, Actor, Authentication, Changes, Decision, Event, Fault, Moment, Operation, Reader, Stopped, Timestamp,
    UserCode,
};

use super::view::{Found, KnownPerson, OpenQuestion, Question};
use super::{Answered, ApprovalAnswer, ApprovalRefusal, Decided, Stage};
use crate::AgentProvider;
use crate::approved::{Approved, Shown};
use crate::approved_schema::Kept;
use crate::grant::{GrantStatus, Verdict};
use crate::host::{Host, HostStatus};
use crate::person::Person;
use crate::schema::InputSchema;
use crate::withdrawal::Withdrawal;

impl AgentProvider {
    /// Takes a person's answer. `shown` is [`ApprovalView::shown`](super::ApprovalView::shown) of the page that was
    /// answered.
    ///
    /// Of several answers at once, exactly one counts; a revocation at the same moment always wins. The answer that
    /// counted is told again to the session that gave it, for a minute.
    ///
    /// # Errors
    /// [`ApprovalRefusal`], and faults. An answer that does not bring back what was shown counts as an attempt at the code.
    pub async fn decide_approval(
        &self,
        user_code: &str,
        who: &Authentication,
        answer: ApprovalAnswer,
        shown: &str,
    ) -> Result<Decided, Stopped<ApprovalRefusal>> {
        let Some(code) = UserCode::parse(user_code) else {
            self.count_attempt(who).await?;
            return Err(ApprovalRefusal::UnknownCode.into());
        };
        let decided = self.ports.perform(&Answer { provider: self, code, who, answer, shown }).await;
        // Who brings back the hash has seen the question and needs no counting. Whoever does not is told nothing about the
        // code before the attempt has been counted.
        if let Err(Stopped::Refused(refusal)) = &decided
            && tells_of_the_code(refusal)
        {
            self.count_attempt(who).await?;
        }
        decided
    }
}

/// Whether somebody who has not seen the question learns from this that the code leads to one, or that it does not.
fn tells_of_the_code(refusal: &ApprovalRefusal) -> bool {
    match refusal {
        ApprovalRefusal::Changed
        | ApprovalRefusal::Decided
        | ApprovalRefusal::Expired
        | ApprovalRefusal::ForeignHost
        | ApprovalRefusal::UnknownCode => true,
        ApprovalRefusal::AccountUnusable
        | ApprovalRefusal::FreshSessionRequired
        | ApprovalRefusal::NotAsked
        | ApprovalRefusal::SessionEnded
        | ApprovalRefusal::Throttled(_)
        | ApprovalRefusal::TooManyHosts => false,
    }
}

struct Answer<'a> {
    provider: &'a AgentProvider,
    code: UserCode,
    who: &'a Authentication,
    answer: ApprovalAnswer,
    shown: &'a str,
}

#[async_trait]
impl Operation for Answer<'_> {
    type Loaded = (Question, Kept);
    type Granted = Decided;
    type Refusal = ApprovalRefusal;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Self::Loaded, Fault> {
        let question = Question::load(&self.code, self.who, self.provider, reader).await?;
        let kept = Kept::load(question.asked(), &self.provider.offer, reader).await?;
        Ok((question, kept))
    }

    fn decide(&self, (question, kept): Self::Loaded, moment: &Moment<'_>) -> Decision<Self::Granted, Self::Refusal> {
        let open = match question.find(self.who, &self.provider.policy, moment.now) {
            Ok(Found::Open(open)) => *open,
            Ok(Found::Answered(answered)) => {
                return Decision::from(answered.tell(self.who, &self.answer, moment.now));
            }
            Ok(Found::Lapsed(mut agent)) => {
                let (policy, mut changes) = (&self.provider.policy, Changes::none());
                if agent.has_news(policy, moment.now) {
                    agent.record.see(policy, moment.now);
                    changes.replace(&agent);
                }
                return Decision::refuse(ApprovalRefusal::Expired).changing(changes);
            }
            Err(error) => return Decision::refuse(error),
        };
        match &self.answer {
            ApprovalAnswer::Approve { capabilities, at_most } => {
                self.approve(open, &kept, (capabilities, *at_most), moment)
            }
            ApprovalAnswer::Deny => self.deny(open, moment),
        }
    }
}

impl Answer<'_> {
    fn approve(
        &self,
        open: OpenQuestion,
        kept: &Kept,
        (chosen, at_most): (&[String], Option<Duration>),
        moment: &Moment<'_>,
    ) -> Decision<Decided, ApprovalRefusal> {
        let requested = open.view(self.provider, self.who, moment.now).shown;
        let shown = Shown { answered: self.shown, requested: &requested };
        let approved = match Approved::by_person(self.who, chosen, &shown, &self.provider.policy, moment.now) {
            Ok(approved) => approved,
            Err(error) => {
                let event = self.approved(Asked::of(&open), None, None).denied(error.code());
                // A stale page is no event; a session that is too old to approve with is one.
                let told = error == ApprovalRefusal::FreshSessionRequired;
                let decision = Decision::refuse(error);
                return if told { decision.report(event) } else { decision };
            }
        };
        if chosen.iter().any(|name| !open.agent.asked().any(|grant| grant.capability() == name)) {
            return Decision::refuse(ApprovalRefusal::NotAsked);
        }
        let asked = Asked::of(&open);
        let OpenQuestion { mut agent, mut host, claims, person, approval } = open;
        let policy = &self.provider.policy;
        if host.subject.is_none() && person.as_ref().is_some_and(|known| known.person.is_full(policy)) {
            return Decision::refuse(ApprovalRefusal::TooManyHosts);
        }
        let subject = self.who.subject();
        let (mut granted, mut denied) = (Vec::new(), Vec::new());
        let mut schemas: BTreeMap<&str, (&InputSchema, Timestamp)> = BTreeMap::new();
        for grant in agent.record.grants.iter_mut().filter(|grant| grant.status() == GrantStatus::Pending) {
            let name = grant.capability().to_owned();
            let because = "not approved";
            let offered = self.provider.offer.by_name(&name);
            let verdict = match offered {
                Some(offered) => {
                    let lifetime = [self.provider.grant_lifetime(&name), at_most].into_iter().flatten().min();
                    let schema = Some(offered.input.hash());
                    Verdict::Approve { approved: &approved, lifetime, schema, otherwise: because }
                }
                // A capability that is no longer offered was not shown either.
                None => Verdict::Deny { because },
            };
            match grant.decide(&verdict, moment.now) {
                GrantStatus::Active => {
                    granted.push(name);
                    // Without an end of its own it ends with the agent.
                    let end = grant.expires_at().unwrap_or(moment.now + policy.max_lifetime);
                    if let Some(input) = offered.map(|offered| &offered.input) {
                        let known = schemas.entry(input.hash()).or_insert((input, end));
                        known.1 = known.1.max(end);
                    }
                }
                GrantStatus::Pending | GrantStatus::Denied | GrantStatus::Revoked => denied.push(name),
            }
        }
        agent.record.activate(&approved, moment.now);
        agent.record.subject = Some(subject.clone());
        agent.record.account_generation = self.who.account_generation();
        agent.record.approval = None;
        let decided = Decided::Approved { granted: granted.clone(), denied: denied.clone() };
        let answered = Answered::new(approval.code, self.who, &self.answer, decided.clone(), moment.now);
        agent.record.answered = Some(answered);
        agent.record.see(policy, moment.now);
        let mut changes = Changes::none();
        changes.replace(&agent);
        kept.keep(&schemas, policy, &mut changes);
        let mut decision =
            Decision::grant(decided).changing(changes).report(self.approved(asked, Some(granted), Some(denied)));
        if host.subject.is_none() {
            host.record.subject = Some(subject.clone());
            host.record.status = HostStatus::Active;
            host.record.linked_at = Some(moment.now);
            host.record.account_generation = self.who.account_generation();
            host.record.note_use(policy, moment.now);
            decision.changes.replace(&host);
            self.count_host(person, &host, moment.now, &mut decision.changes);
            let (host, session) = (host.id.as_str().to_owned(), self.who.session_id().to_owned());
            let linked = Action::HostLink { host: host.clone(), session: session.clone() };
            decision = decision.report(self.event(linked));
            // What becomes of them follows from the link.
            for claimed in claims {
                let agent = claimed.id.as_str().to_owned();
                let claimed = Action::AgentClaim { agent, host: host.clone(), session: session.clone() };
                decision = decision.report(self.event(claimed));
            }
        }
        decision
    }

    /// One more host of the person. Those that are forgotten for it end, in this commit: none may work on without being listed.
    fn count_host(&self, person: Option<KnownPerson>, host: &Host, now: Timestamp, changes: &mut Changes) {
        match person {
            Some(KnownPerson { mut person, forgotten }) => {
                for host in &forgotten {
                    let (policy, kept) = (&self.provider.policy, host.purged_after());
                    changes.insert(&Withdrawal::of_host(host.id(), kept, "the host had ended", policy, now));
                }
                person.record.hosts.push(host.id.clone());
                changes.replace(&person);
            }
            None => {
                let mut person = Person::new(self.who.subject());
                person.hosts.push(host.id.clone());
                changes.insert(&person);
            }
        }
    }

    fn deny(&self, open: OpenQuestion, moment: &Moment<'_>) -> Decision<Decided, ApprovalRefusal> {
        if open.view(self.provider, self.who, moment.now).shown != self.shown {
            return Decision::refuse(ApprovalRefusal::Changed);
        }
        let Asked { agent, agent_name, host, asked } = Asked::of(&open);
        let session = self.who.session_id().to_owned();
        let event = self.event(Action::AgentDeny { agent, agent_name, host, session, asked });
        let stage = open.stage();
        let OpenQuestion { mut agent, approval, .. } = open;
        let answered = Answered::new(approval.code, self.who, &self.answer, Decided::Denied, moment.now);
        agent.record.answered = Some(answered);
        agent.record.see(&self.provider.policy, moment.now);
        match stage {
            Stage::Registration => agent.record.reject("the person denied the request", moment.now),
            Stage::Escalation => agent.record.deny("the person denied the request", moment.now),
        }
        let mut changes = Changes::none();
        changes.replace(&agent);
        Decision::grant(Decided::Denied).changing(changes).report(event)
    }

    fn approved(&self, asked: Asked, granted: Option<Vec<String>>, denied: Option<Vec<String>>) -> Event {
        let Asked { agent, agent_name, host, asked } = asked;
        let session = self.who.session_id().to_owned();
        self.event(Action::AgentApprove { agent, agent_name, host, session, asked, granted, denied })
    }

    fn event(&self, action: Action) -> Event {
        let subject = self.who.subject();
        Event::new(action, Actor::Person { subject: subject.clone() }).for_subject(subject)
    }
}

/// What the question was, for the record.
struct Asked {
    agent: String,
    agent_name: String,
    host: String,
    asked: Vec<String>,
}

impl Asked {
    fn of(open: &OpenQuestion) -> Self {
        Asked {
            agent: open.agent.id.as_str().to_owned(),
            agent_name: open.agent.name.as_str().to_owned(),
            host: open.host.id.as_str().to_owned(),
            asked: open.agent.asked().map(|grant| grant.capability().to_owned()).collect(),
        }
    }
}
