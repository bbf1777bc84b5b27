//! The threads that compute while the event loop goes on: as many as the machine has cores, made when first needed.

use std::collections::VecDeque;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

type Task = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    threads: usize,
    idle: usize,
}

static POOL: OnceLock<Pool> = OnceLock::new();

/// Cores of this machine that this process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// A lock whose holder cannot leave it half changed: what panics, panics outside.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `task` on a thread of the pool, in the order in which tasks come. A panic ends that task only. Where the system
/// gives no thread at all, the task runs here.
pub fn submit(task: impl FnOnce() + Send + 'static) {
    let pool = POOL.get_or_init(Pool::default);
    let mut state = held(&pool.state);
    state.tasks.push_back(Box::new(task));
    if state.idle < state.tasks.len() && state.threads < cores() {
        let spawned = thread::Builder::new()
            .name("sealane-crypto".into())
            .spawn(move || work(pool));
        match spawned {
            Ok(_) => state.threads += 1,
            Err(_) if state.threads == 0 => {
                let own = state.tasks.pop_back();
                drop(state);
                run(own);
                return;
            }
            Err(_) => {}
        }
    }
    pool.came.notify_one();
}

fn run(task: Option<Task>) {
    if let Some(task) = task {
        let _ = catch_unwind(AssertUnwindSafe(task));
    }
}

fn work(pool: &Pool) {
    let mut state = held(&pool.state);
    loop {
        while let Some(task) = state.tasks.pop_front() {
            drop(state);
            run(Some(task));
            state = held(&pool.state);
        }
        state.idle += 1;
        state = pool.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn runs_everything_also_after_a_panic() {
        let (done, all) = mpsc::channel();
        for number in 0..100 {
            let done = done.clone();
            submit(move || {
                if number == 3 {
                    panic!("one task fails");
                }
                done.send(number).unwrap();
            });
        }
        drop(done);
        let mut came: Vec<i32> = all.iter().collect();
        came.sort_unstable();
        assert_eq!(came, (0..100).filter(|number| *number != 3).collect::<Vec<_>>());
    }
}
