//! What agents can do here: a very small bank. Accounts are made when they are first named; each person has their own.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use countersign_agent_auth::{ApprovedCall, Capability, ExecuteError, Executor};
use serde_json::{Map, Value, json};

/// The bank behind the capabilities.
#[derive(Debug, Default)]
pub(crate) struct Bank {
    /// Whole units by owner and account.
    balances: Mutex<HashMap<(String, String), i64>>,
}

/// What the bank offers to agents.
pub(crate) fn capabilities() -> Vec<Capability> {
    let account = json!({ "type": "string", "minLength": 1, "maxLength": 64 });
    vec![
        Capability::new("ping", "See whether the bank answers"),
        Capability::new("check_balance", "Read the balance of one of your accounts").input(json!({
            "type": "object",
            "required": ["account_id"],
            "properties": { "account_id": account },
        })),
        Capability::new("transfer_money", "Transfer money from your main account").input(json!({
            "type": "object",
            "required": ["amount", "currency", "to"],
            "properties": {
                "amount": { "type": "integer", "minimum": 1 },
                "currency": { "type": "string", "enum": ["USD", "EUR"] },
                "to": account,
            },
        })),
    ]
}

/// The capabilities that read nothing of a person's and move nothing: what agents without a person may have.
pub(crate) const HARMLESS: [&str; 2] = ["ping", "check_balance"];

#[async_trait]
impl Executor for Bank {
    async fn execute(&self, call: &ApprovedCall) -> Result<Value, ExecuteError> {
        // An agent without a person has accounts of its own, never anybody else's.
        let owner = call.subject.as_ref().map_or(call.agent_id.as_str(), |subject| subject.as_str());
        match call.capability.as_str() {
            "ping" => Ok(json!({ "pong": true })),
            "check_balance" => {
                let account = text(&call.arguments, "account_id")?;
                Ok(json!({ "account_id": account, "balance": self.balance(owner, account), "currency": "USD" }))
            }
            "transfer_money" => self.transfer(owner, call),
            other => Err(ExecuteError::Failed(format!("no such capability: {other}"))),
        }
    }
}

impl Bank {
    fn transfer(&self, owner: &str, call: &ApprovedCall) -> Result<Value, ExecuteError> {
        let amount = call
            .arguments
            .get("amount")
            .and_then(Value::as_i64)
            .ok_or_else(|| ExecuteError::InvalidArguments("this bank moves whole amounts only".to_owned()))?;
        let to = text(&call.arguments, "to")?;
        let mut balances = self.balances.lock().unwrap_or_else(PoisonError::into_inner);
        let balance = balances.entry((owner.to_owned(), MAIN.to_owned())).or_insert(OPENING_BALANCE);
        if *balance < amount {
            return Err(ExecuteError::LimitExceeded("the account does not hold that much".to_owned()));
        }
        *balance -= amount;
        Ok(json!({ "transfer_id": call.id, "amount": amount, "to": to, "balance": *balance }))
    }

    fn balance(&self, owner: &str, account: &str) -> i64 {
        let balances = self.balances.lock().unwrap_or_else(PoisonError::into_inner);
        balances.get(&(owner.to_owned(), account.to_owned())).copied().unwrap_or(OPENING_BALANCE)
    }
}

fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Result<&'a str, ExecuteError> {
    let value = arguments.get(name).and_then(Value::as_str);
    value.ok_or_else(|| ExecuteError::InvalidArguments(format!("{name} is missing")))
}

const MAIN: &str = "main";
const OPENING_BALANCE: i64 = 1_000;
