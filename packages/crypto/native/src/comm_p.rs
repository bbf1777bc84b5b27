//! commP while bytes arrive: whoever writes expands, the pool hashes.
//!
//! Expansion doubles as the copy that frees the caller's bytes, so a payload is read once. A full buffer is a job; jobs
//! of one stream are hashed on several threads and joined in order.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex};

use crate::fr32::{expand, EXPANDED, GROUP};
use crate::pair_hash::{hash_pairs, NODE, PAIR};
use crate::pool::{held, submit};
use crate::tree::reduce_expanded;

/// Groups of one job: 1 MiB expanded, about a millisecond of hashing.
const JOB_GROUPS: usize = 8192;
const JOB_BYTES: usize = JOB_GROUPS * EXPANDED;

/// A node by its level: 0 is one 32-byte element.
type Subtree = (usize, [u8; NODE]);

/// The smallest tree that holds everything written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    pub root: [u8; NODE],
    pub level: usize,
}

/// Why there is no commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing was written.
    Empty,
    /// A thread of the pool failed: a fault of this library.
    Broken,
}

type OnRoom = Box<dyn FnOnce() + Send>;
type OnEnd = Box<dyn FnOnce(Result<Commitment, Failure>) + Send>;

struct Job {
    place: u64,
    expanded: Vec<u8>,
    bytes: usize,
    /// The last job, which may be shorter than the others.
    tail: bool,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    running: usize,
    spare: Vec<Vec<u8>>,
    /// Roots whose predecessors are still being hashed.
    early: BTreeMap<u64, Subtree>,
    next: u64,
    /// Finished subtrees, the largest first.
    tree: Vec<Subtree>,
    tail: Option<Subtree>,
    broken: bool,
    on_room: Vec<OnRoom>,
    on_end: Option<OnEnd>,
}

struct Shared {
    threads: usize,
    state: Mutex<State>,
}

/// One payload under way. Takes up to `2 * threads + 1` MiB of memory.
pub struct CommPStream {
    shared: Arc<Shared>,
    buffer: Vec<u8>,
    filled: usize,
    /// Bytes of a group that has not come whole.
    rest: [u8; GROUP],
    rest_bytes: usize,
    jobs: u64,
}

impl CommPStream {
    /// `threads`: how many jobs of this stream are hashed at once, at least one.
    pub fn new(threads: usize) -> Self {
        CommPStream {
            shared: Arc::new(Shared {
                threads: threads.max(1),
                state: Mutex::default(),
            }),
            buffer: Vec::new(),
            filled: 0,
            rest: [0; GROUP],
            rest_bytes: 0,
            jobs: 0,
        }
    }

    /// Takes bytes from the front of `chunk` and says how many; fewer than all when the threads are behind
    /// (then [`Self::when_room`]).
    pub fn write(&mut self, chunk: &[u8]) -> usize {
        let mut left = chunk;
        while !left.is_empty() {
            if self.filled == JOB_BYTES && !self.hand_over(false, false) {
                break;
            }
            if self.buffer.is_empty() {
                self.buffer = vec![0; JOB_BYTES];
            }
            if self.rest_bytes > 0 || left.len() < GROUP {
                let (now, later) = left.split_at(left.len().min(GROUP - self.rest_bytes));
                self.rest[self.rest_bytes..][..now.len()].copy_from_slice(now);
                self.rest_bytes += now.len();
                left = later;
                if self.rest_bytes == GROUP {
                    self.expand_rest();
                }
            } else {
                let groups = (left.len() / GROUP).min((JOB_BYTES - self.filled) / EXPANDED);
                let (now, later) = left.split_at(groups * GROUP);
                expand(now, &mut self.buffer[self.filled..][..groups * EXPANDED]);
                self.filled += groups * EXPANDED;
                left = later;
            }
        }
        if self.filled == JOB_BYTES {
            self.hand_over(false, false);
        }
        chunk.len() - left.len()
    }

    fn expand_rest(&mut self) {
        expand(&self.rest, &mut self.buffer[self.filled..][..EXPANDED]);
        self.filled += EXPANDED;
        self.rest_bytes = 0;
    }

    /// Gives the buffer to the threads, unless they are behind and it is not forced.
    fn hand_over(&mut self, tail: bool, forced: bool) -> bool {
        let mut state = held(&self.shared.state);
        if state.broken {
            // Nothing will come of it: take what comes, the end says so.
            self.filled = 0;
            return true;
        }
        if !forced && state.waiting.len() >= self.shared.threads {
            return false;
        }
        let fresh = state.spare.pop().unwrap_or_default();
        state.waiting.push_back(Job {
            place: self.jobs,
            expanded: std::mem::replace(&mut self.buffer, fresh),
            bytes: self.filled,
            tail,
        });
        self.jobs += 1;
        self.filled = 0;
        if state.running < self.shared.threads {
            state.running += 1;
            let shared = Arc::clone(&self.shared);
            drop(state);
            submit(move || shared.run());
        }
        true
    }

    /// Calls `then` once the stream takes bytes again, at the latest when it breaks.
    pub fn when_room(&self, then: impl FnOnce() + Send + 'static) {
        let mut state = held(&self.shared.state);
        if state.waiting.len() < self.shared.threads || state.broken {
            drop(state);
            then();
        } else {
            state.on_room.push(Box::new(then));
        }
    }

    /// Ends the payload and calls `then` with its commitment.
    pub fn finish(mut self, then: impl FnOnce(Result<Commitment, Failure>) + Send + 'static) {
        if self.filled == JOB_BYTES && self.rest_bytes > 0 {
            self.hand_over(false, true);
        }
        if self.rest_bytes > 0 {
            if self.buffer.is_empty() {
                self.buffer = vec![0; JOB_BYTES];
            }
            self.rest[self.rest_bytes..].fill(0);
            self.expand_rest();
        }
        if self.filled > 0 {
            let whole = (self.filled / EXPANDED).next_power_of_two() * EXPANDED;
            self.buffer[self.filled..whole].fill(0);
            self.filled = whole;
            self.hand_over(true, true);
        }
        let mut state = held(&self.shared.state);
        state.on_end = Some(Box::new(then));
        settle(state);
    }
}

impl Shared {
    /// Hashes one job and, when more wait, comes back for the next behind what other streams have asked for.
    fn run(self: Arc<Self>) {
        let mut state = held(&self.state);
        if let Some(mut job) = state.waiting.pop_front() {
            let on_room = std::mem::take(&mut state.on_room);
            drop(state);
            for then in on_room {
                then();
            }
            let hashed = catch_unwind(AssertUnwindSafe(|| {
                reduce_expanded(&mut job.expanded[..job.bytes])
            }));
            state = held(&self.state);
            match hashed {
                Ok(root) => state.joined(job.place, (level_of(job.bytes), root), job.tail),
                Err(_) => state.broken = true,
            }
            if !job.tail {
                state.spare.push(job.expanded);
            }
        }
        if !state.waiting.is_empty() && !state.broken {
            drop(state);
            submit(move || self.run());
            return;
        }
        state.running -= 1;
        settle(state);
    }
}

impl State {
    fn joined(&mut self, place: u64, subtree: Subtree, tail: bool) {
        if tail {
            self.tail = Some(subtree);
            return;
        }
        self.early.insert(place, subtree);
        while let Some(mut right) = self.early.remove(&self.next) {
            self.next += 1;
            while let Some(left) = self.tree.pop_if(|left| left.0 == right.0) {
                right = (right.0 + 1, parent(&left.1, &right.1));
            }
            self.tree.push(right);
        }
    }

    /// The whole tree, zeros filling what is missing on the right.
    fn commitment(&mut self) -> Result<Commitment, Failure> {
        if self.broken {
            return Err(Failure::Broken);
        }
        let mut whole = self.tail.take();
        while let Some(left) = self.tree.pop() {
            whole = Some(match whole {
                None => left,
                Some(right) => {
                    let (level, right) = raised(right, left.0);
                    (level + 1, parent(&left.1, &right))
                }
            });
        }
        whole.map_or(Err(Failure::Empty), |(level, root)| {
            Ok(Commitment { root, level })
        })
    }
}

/// Tells whoever waits for the end, if this is it.
fn settle(mut state: std::sync::MutexGuard<'_, State>) {
    if state.running > 0 || (!state.waiting.is_empty() && !state.broken) {
        return;
    }
    let on_room = std::mem::take(&mut state.on_room);
    let end = state.on_end.take().map(|then| (then, state.commitment()));
    drop(state);
    for then in on_room {
        then();
    }
    if let Some((then, commitment)) = end {
        then(commitment);
    }
}

fn level_of(bytes: usize) -> usize {
    (bytes / NODE).ilog2() as usize
}

fn parent(left: &[u8; NODE], right: &[u8; NODE]) -> [u8; NODE] {
    let mut pair = [0; PAIR];
    pair[..NODE].copy_from_slice(left);
    pair[NODE..].copy_from_slice(right);
    let mut node = [0; NODE];
    hash_pairs(&pair, &mut node);
    node
}

/// The subtree with zeros to its right, up to `level`.
fn raised((from, mut node): Subtree, level: usize) -> Subtree {
    let mut zero = [0; NODE];
    for at in 0..level {
        if at >= from {
            node = parent(&node, &zero);
        }
        zero = parent(&zero, &zero);
    }
    (level.max(from), node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn noise(length: usize) -> Vec<u8> {
        (0..length)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect()
    }

    /// Zero-fill, expand, hash: all at once.
    fn by_definition(payload: &[u8]) -> Commitment {
        let groups = payload.len().div_ceil(GROUP).next_power_of_two();
        let mut filled = payload.to_vec();
        filled.resize(groups * GROUP, 0);
        let root = crate::tree::fr32_tree_root(&filled).unwrap();
        let level = level_of(groups * EXPANDED);
        Commitment { root, level }
    }

    fn streamed(payload: &[u8], chunk: usize, threads: usize) -> Result<Commitment, Failure> {
        let mut stream = CommPStream::new(threads);
        for part in payload.chunks(chunk) {
            let mut at = 0;
            while at < part.len() {
                at += stream.write(&part[at..]);
                let (room, came) = mpsc::channel();
                stream.when_room(move || room.send(()).unwrap());
                came.recv().unwrap();
            }
        }
        let (end, came) = mpsc::channel();
        stream.finish(move |commitment| end.send(commitment).unwrap());
        came.recv().unwrap()
    }

    #[test]
    fn any_length_in_any_chunks_on_any_number_of_threads() {
        let job = JOB_GROUPS * GROUP;
        for length in [
            1,
            127,
            128,
            1000,
            job - 1,
            job,
            job + 1,
            2 * job,
            3 * job + 5,
            5 * job - 127,
            7 * job,
        ] {
            let payload = noise(length);
            let expected = by_definition(&payload);
            for chunk in [65_536, 1 << 20, 100_003, length] {
                for threads in [1, 2, 3] {
                    assert_eq!(
                        streamed(&payload, chunk, threads),
                        Ok(expected),
                        "{length} {chunk} {threads}"
                    );
                }
            }
        }
    }

    #[test]
    fn tiny_chunks() {
        let payload = noise(3001);
        for chunk in [1, 2, 126, 127, 128, 255] {
            assert_eq!(streamed(&payload, chunk, 2), Ok(by_definition(&payload)));
        }
    }

    #[test]
    fn nothing_has_no_commitment() {
        assert_eq!(streamed(&[], 1, 1), Err(Failure::Empty));
    }

    #[test]
    fn takes_no_more_than_its_memory() {
        let mut stream = CommPStream::new(1);
        let payload = noise(20 * JOB_GROUPS * GROUP);
        // At most one job running, one waiting, one being filled; one more may have finished meanwhile.
        let taken = stream.write(&payload);
        assert!(taken < payload.len());
        let (end, came) = mpsc::channel();
        stream.finish(move |commitment| end.send(commitment).unwrap());
        assert_eq!(came.recv().unwrap(), Ok(by_definition(&payload[..taken])));
    }
}
