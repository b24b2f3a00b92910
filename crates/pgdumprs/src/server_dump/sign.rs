//! Signs that a dump is running, for those who cannot see it.

use std::pin::pin;
use std::time::Duration;

/// How often a sign is given. Whoever removes what dumps have left takes one for dead whose last sign is a day old.
pub(super) const EVERY: Duration = Duration::from_secs(60 * 60);

/// Does a work, and gives a sign every so often until it is done. None is still on its way when this returns: it would come behind what follows.
pub(super) async fn with_signs<W: Future, S: Future<Output = ()>>(
    work: W,
    every: Duration,
    sign: impl Fn() -> S,
) -> W::Output {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(every) => {}
        }
        let mut given = pin!(sign());
        tokio::select! {
            biased;
            done = &mut work => {
                given.await;
                return done;
            }
            () = &mut given => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn a_sign_that_was_begun_is_waited_for() {
        let (begun, ended) = (Cell::new(0), Cell::new(0));
        let milliseconds = Duration::from_millis;
        let sign = || async {
            begun.set(begun.get() + 1);
            sleep(milliseconds(40)).await;
            ended.set(ended.get() + 1);
        };
        let work = async {
            while begun.get() < 3 {
                sleep(milliseconds(5)).await;
            }
            assert_eq!(ended.get(), 2);
            "done"
        };
        assert_eq!(with_signs(work, milliseconds(10), sign).await, "done");
        assert_eq!((begun.get(), ended.get()), (3, 3));
        let work = async {};
        with_signs(work, milliseconds(0), || async { begun.set(0) }).await;
        assert_eq!(begun.get(), 3);
    }
}
