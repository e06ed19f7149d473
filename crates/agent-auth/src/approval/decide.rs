//! The answer, and what it does: all of it in one commit.

use std::time::Duration;

use async_trait::async_trait;
use countersign_storage::{
    Actor, Authentication, Changes, Event, Fault, Moment, OldDecision, OldOperation, Reader, Stored, UserCode,
};

use super::view::{Found, OpenQuestion, Question};
use super::{Answered, ApprovalAnswer, ApprovalError, Decided, Stage};
use crate::AgentProvider;
use crate::approved::{Approved, Shown};
use crate::grant::GrantStatus;
use crate::host::{Host, HostStatus};
use crate::person::Person;

impl AgentProvider {
    /// Takes a person's answer. `shown` is [`ApprovalView::shown`](super::ApprovalView::shown) of the page that was
    /// answered.
    ///
    /// Of several answers at once, exactly one counts; a revocation at the same moment always wins. The answer that
    /// counted is told again to the session that gave it, for a minute.
    ///
    /// # Errors
    /// [`ApprovalError`]. An answer that does not bring back what was shown counts as an attempt at the code.
    pub async fn decide_approval(
        &self,
        user_code: &str,
        who: &Authentication,
        answer: ApprovalAnswer,
        shown: &str,
    ) -> Result<Decided, ApprovalError> {
        let Some(code) = UserCode::parse(user_code) else {
            self.count_attempt(who).await?;
            return Err(ApprovalError::UnknownCode);
        };
        let decided = self.ports.perform_old(&Answer { provider: self, code, who, answer, shown }).await?;
        // Who brings back the hash has seen the question and needs no counting. Whoever does not is told nothing about the
        // code before the attempt has been counted.
        if let Err(
            ApprovalError::Changed
            | ApprovalError::Decided
            | ApprovalError::Expired
            | ApprovalError::ForeignHost
            | ApprovalError::UnknownCode,
        ) = &decided
        {
            self.count_attempt(who).await?;
        }
        decided
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
impl OldOperation for Answer<'_> {
    type Loaded = Question;
    type Plan = Result<Decided, ApprovalError>;
    type Answer = Result<Decided, ApprovalError>;

    async fn load(&self, reader: &mut Reader<'_>) -> Result<Question, Fault> {
        Question::load(&self.code, self.who, self.provider, reader).await
    }

    fn decide(&self, question: Question, moment: &Moment<'_>) -> OldDecision<Self::Plan> {
        let open = match question.find(self.who, &self.provider.policy, moment.now) {
            Ok(Found::Open(open)) => *open,
            Ok(Found::Answered(answered)) => {
                return OldDecision::answer(answered.tell(self.who, &self.answer, moment.now));
            }
            Ok(Found::Lapsed(mut agent)) => {
                let (policy, mut changes) = (&self.provider.policy, Changes::none());
                if agent.has_news(policy, moment.now) {
                    agent.record.see(policy, moment.now);
                    changes.replace(&agent);
                }
                return OldDecision::changing(Err(ApprovalError::Expired), changes);
            }
            Err(error) => return OldDecision::answer(Err(error)),
        };
        match &self.answer {
            ApprovalAnswer::Approve { capabilities, at_most } => self.approve(open, capabilities, *at_most, moment),
            ApprovalAnswer::Deny => self.deny(open, moment),
        }
    }

    async fn seal(&self, plan: Self::Plan, _: &mut Changes) -> Result<Self::Answer, Fault> {
        Ok(plan)
    }
}

impl Answer<'_> {
    fn approve(
        &self,
        open: OpenQuestion,
        chosen: &[String],
        at_most: Option<Duration>,
        moment: &Moment<'_>,
    ) -> OldDecision<Result<Decided, ApprovalError>> {
        let requested = open.view(self.provider, self.who, moment.now).shown;
        let shown = Shown { answered: self.shown, requested: &requested };
        let approved = match Approved::by_person(self.who, chosen, &shown, &self.provider.policy, moment.now) {
            Ok(approved) => approved,
            Err(error) => {
                let event = self.event("agent.approve", &open).denied(error.code());
                let decision = OldDecision::answer(Err(error.clone()));
                // A stale page is no event; a session that is too old to approve with is one.
                return if error == ApprovalError::FreshSessionRequired { decision.report(event) } else { decision };
            }
        };
        if chosen.iter().any(|name| !open.agent.asked().any(|grant| grant.capability() == name)) {
            return OldDecision::answer(Err(ApprovalError::NotAsked));
        }
        let event = self.event("agent.approve", &open);
        let OpenQuestion { mut agent, mut host, claims, person, approval } = open;
        let policy = &self.provider.policy;
        if host.subject.is_none() && person.as_ref().is_some_and(|person| person.is_full(policy)) {
            return OldDecision::answer(Err(ApprovalError::TooManyHosts));
        }
        let subject = self.who.subject();
        let (mut granted, mut denied) = (Vec::new(), Vec::new());
        for grant in agent.record.grants.iter_mut().filter(|grant| grant.status() == GrantStatus::Pending) {
            let name = grant.capability().to_owned();
            // A capability that is no longer offered was not shown either.
            if self.provider.offer.by_name(&name).is_some() {
                let lifetime = [self.provider.grant_lifetime(&name), at_most].into_iter().flatten().min();
                grant.activate(&approved, lifetime, moment.now);
            }
            grant.deny("not approved");
            if grant.status() == GrantStatus::Active { granted.push(name) } else { denied.push(name) }
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
        let mut decision = OldDecision::changing(Ok(decided), changes)
            .report(event.with("granted", granted.join(" ")).with("denied", denied.join(" ")));
        if host.subject.is_none() {
            host.record.subject = Some(subject.clone());
            host.record.status = HostStatus::Active;
            host.record.linked_at = Some(moment.now);
            host.record.account_generation = self.who.account_generation();
            host.record.note_use(policy, moment.now);
            decision.changes.replace(&host);
            self.count_host(person, &host, &mut decision.changes);
            decision = decision.report(self.about("host.link").with("host", host.id.as_str()));
            // What becomes of them follows from the link.
            for claimed in claims {
                decision = decision.report(
                    self.about("agent.claim").with("agent", claimed.id.as_str()).with("host", host.id.as_str()),
                );
            }
        }
        decision
    }

    /// One more host of the person.
    fn count_host(&self, person: Option<Stored<Person>>, host: &Host, changes: &mut Changes) {
        match person {
            Some(mut person) => {
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

    fn deny(&self, open: OpenQuestion, moment: &Moment<'_>) -> OldDecision<Result<Decided, ApprovalError>> {
        if open.view(self.provider, self.who, moment.now).shown != self.shown {
            return OldDecision::answer(Err(ApprovalError::Changed));
        }
        let event = self.event("agent.deny", &open);
        let stage = open.stage();
        let OpenQuestion { mut agent, approval, .. } = open;
        let answered = Answered::new(approval.code, self.who, &self.answer, Decided::Denied, moment.now);
        agent.record.answered = Some(answered);
        agent.record.see(&self.provider.policy, moment.now);
        match stage {
            Stage::Registration => agent.record.reject("the person denied the request"),
            Stage::Escalation => {
                agent.record.grants.iter_mut().for_each(|grant| grant.deny("the person denied the request"));
                agent.record.approval = None;
            }
        }
        let mut changes = Changes::none();
        changes.replace(&agent);
        OldDecision::changing(Ok(Decided::Denied), changes).report(event)
    }

    fn event(&self, action: &'static str, open: &OpenQuestion) -> Event {
        let names: Vec<&str> = open.agent.asked().map(|grant| grant.capability()).collect();
        self.about(action)
            .with("agent", open.agent.id.as_str())
            .with("agent_name", open.agent.name.as_str())
            .with("host", open.host.id.as_str())
            .with("asked", names.join(" "))
    }

    fn about(&self, action: &'static str) -> Event {
        let subject = self.who.subject().clone();
        Event::new(action, Actor::Person { subject: subject.clone() })
            .for_subject(&subject)
            .with("session", self.who.session_id())
    }
}
