//! Which states of a kernel are kept, and which of them a kernel can go to: the policy. The
//! keeper has the mechanism.
//!
//! Each branch is a line of states with a place on it where the kernel stands (or would stand, if
//! it went there). A cell adds a state behind that place and forgets those that stood there
//! before it, as an editor's undo does. States are few: the oldest go first, and the places where
//! branches stand stay.

use super::wire::ToKeeper;
use crate::protocol::Timeline;

/// The name of the branch that a kernel starts on.
const MAIN: &str = "main";

/// A kernel can't go there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TravelError {
    /// The line ends before that.
    #[error("{wanted} to {verb}, and there {} {there}", if *.there == 1 { "is" } else { "are" })]
    TooFar {
        /// `undo` or `redo`.
        verb: &'static str,
        /// How many were asked for.
        wanted: u32,
        /// How many there are.
        there: u32,
    },
    /// No name.
    #[error("a branch has a name without spaces, of at most 32 characters")]
    BadName,
    /// Every slot holds the tip of a branch.
    #[error("no room for another branch: {0} states are kept at most, one for each branch")]
    TooMany(usize),
    /// There is no worker.
    #[error("the kernel has not been started yet")]
    NotStarted,
    /// It lives on a thread.
    #[error("a kernel on a thread keeps no earlier states: Isolation::Worker does")]
    NoStates,
    /// The worker did not answer.
    #[error("the kernel did not get there: {0}; its variables are gone")]
    Broken(String),
}

/// A kept state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    slot: usize,
    heap_bytes: u64,
}

/// States of which each came out of the one before it by a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    name: String,
    states: Vec<State>,
    /// Where the kernel stands on it.
    at: usize,
}

/// The states of one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct States {
    /// All slots that the keeper has.
    slots: usize,
    /// Heap bytes that all states may hold together.
    budget_bytes: u64,
    lines: Vec<Line>,
    /// The line that the kernel is on.
    on: usize,
    /// A state that was asked for and not answered yet.
    pending: Option<usize>,
    /// Whether the kernel's present state is kept, or about to be.
    is_current: bool,
}

impl States {
    /// Of a worker that has just started, with so many slots.
    pub fn new(slots: usize, budget_bytes: u64) -> Self {
        Self {
            slots,
            budget_bytes,
            lines: vec![Line {
                name: MAIN.to_owned(),
                states: Vec::new(),
                at: 0,
            }],
            on: 0,
            pending: None,
            is_current: false,
        }
    }

    /// Whether a state was asked for and the answer is on its way.
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// What a front end may know.
    pub fn timeline(&self) -> Timeline {
        let line = &self.lines[self.on];
        let count = |states: usize| u32::try_from(states).unwrap_or(u32::MAX);
        let has_branches = self.lines.len() > 1;
        Timeline {
            // A state that is on its way is there before anyone can go back to it.
            undo: count(match self.pending {
                Some(_) => line.states.len(),
                None => line.at,
            }),
            redo: count(line.states.len().saturating_sub(line.at + 1)),
            branches: if has_branches {
                self.lines.iter().map(|line| line.name.clone()).collect()
            } else {
                Vec::new()
            },
            branch: has_branches.then(|| line.name.clone()),
        }
    }

    /// The kernel's state is a new one: a cell has run. Says what to tell the keeper so that the
    /// new state is kept.
    pub fn advance(&mut self) -> Vec<ToKeeper> {
        self.is_current = false;
        self.keep()
    }

    /// Says what to tell the keeper so that the present state is kept, if it is not.
    pub fn keep(&mut self) -> Vec<ToKeeper> {
        if self.is_current || self.slots == 0 || self.pending.is_some() {
            return Vec::new();
        }
        let mut orders = Vec::new();
        let line = &mut self.lines[self.on];
        let behind = (line.at + 1).min(line.states.len());
        let undone: Vec<State> = line.states.drain(behind..).collect();
        self.forget(undone, &mut orders);
        let Some(slot) = self.free_slot(&mut orders) else {
            return orders;
        };
        self.pending = Some(slot);
        self.is_current = true;
        orders.push(ToKeeper::Keep { slot });
        orders
    }

    /// The answer to [`Self::keep`].
    pub fn kept(&mut self, slot: usize, heap_bytes: Option<u64>) -> Vec<ToKeeper> {
        let mut orders = Vec::new();
        if self.pending != Some(slot) {
            return orders;
        }
        self.pending = None;
        let Some(heap_bytes) = heap_bytes else {
            self.is_current = false;
            return orders;
        };
        let line = &mut self.lines[self.on];
        line.states.push(State { slot, heap_bytes });
        line.at = line.states.len() - 1;
        while self.held_bytes() > self.budget_bytes && self.evict(&mut orders) {}
        orders
    }

    /// The slot to go back to when the runner is dead: the state that the last cell began with.
    pub fn last(&self) -> Option<usize> {
        let line = &self.lines[self.on];
        let state = line.states.get(line.at)?;
        (self.is_current && self.pending.is_none()).then_some(state.slot)
    }

    /// The runner is back at the state where this stands.
    pub fn restored(&mut self) {
        self.is_current = true;
    }

    /// Goes back (negative) or forth on the line. Says which slot to restore.
    pub fn travel(&mut self, cells: i64) -> Result<usize, TravelError> {
        let line = &mut self.lines[self.on];
        let there = match cells {
            ..0 => line.at,
            _ => line.states.len().saturating_sub(line.at + 1),
        };
        let wanted = usize::try_from(cells.unsigned_abs()).unwrap_or(usize::MAX);
        if wanted > there {
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            return Err(TravelError::TooFar {
                verb: if cells < 0 { "undo" } else { "redo" },
                wanted: count(wanted),
                there: count(there),
            });
        }
        line.at = if cells < 0 {
            line.at - wanted
        } else {
            line.at + wanted
        };
        self.is_current = true;
        Ok(line.states[line.at].slot)
    }

    /// Goes to the branch of a name (the slot to restore), or makes one here (`None`).
    pub fn branch(&mut self, name: &str) -> Result<Option<usize>, TravelError> {
        if name.is_empty() || name.chars().count() > 32 || name.contains(char::is_whitespace) {
            return Err(TravelError::BadName);
        }
        if let Some(on) = self.lines.iter().position(|line| line.name == name) {
            if on == self.on {
                return Ok(None);
            }
            self.on = on;
            self.is_current = true;
            let line = &self.lines[on];
            return Ok(line.states.get(line.at).map(|state| state.slot));
        }
        // One slot has to be left for the next cell.
        if self.lines.len() + 2 > self.slots {
            return Err(TravelError::TooMany(self.slots));
        }
        let mut line = self.lines[self.on].clone();
        line.states.truncate(line.at + 1);
        name.clone_into(&mut line.name);
        self.lines.push(line);
        self.on = self.lines.len() - 1;
        Ok(None)
    }

    fn held_bytes(&self) -> u64 {
        let mut held: Vec<State> = self
            .lines
            .iter()
            .flat_map(|line| &line.states)
            .copied()
            .collect();
        held.sort_by_key(|state| state.slot);
        held.dedup_by_key(|state| state.slot);
        held.iter().map(|state| state.heap_bytes).sum()
    }

    fn is_held(&self, slot: usize) -> bool {
        self.lines
            .iter()
            .flat_map(|line| &line.states)
            .any(|state| state.slot == slot)
    }

    /// A slot that holds nothing; makes one if there is none.
    fn free_slot(&mut self, orders: &mut Vec<ToKeeper>) -> Option<usize> {
        loop {
            let free = (0..self.slots).find(|&slot| !self.is_held(slot));
            if free.is_some() || !self.evict(orders) {
                return free;
            }
        }
    }

    /// Forgets the oldest state that no branch stands on. False if there is none.
    fn evict(&mut self, orders: &mut Vec<ToKeeper>) -> bool {
        let Some(line) = self
            .lines
            .iter_mut()
            .filter(|line| line.states.len() > 1)
            .max_by_key(|line| line.states.len())
        else {
            return false;
        };
        let gone = if line.at > 0 {
            line.at -= 1;
            line.states.remove(0)
        } else {
            line.states.remove(line.states.len() - 1)
        };
        self.forget(vec![gone], orders);
        true
    }

    fn forget(&self, states: Vec<State>, orders: &mut Vec<ToKeeper>) {
        for State { slot, .. } in states {
            if !self.is_held(slot) {
                orders.push(ToKeeper::Drop { slot });
            }
        }
    }
}
