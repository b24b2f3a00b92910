//! How connections and memory are shared out among databases.

/// How many databases are dumped at a time, of which each takes one connection at least, and memory on its way beside that of its data, which has as
/// much at least.
pub(super) fn at_once(
    databases: usize,
    connections: usize,
    memory: usize,
    on_its_way: usize,
) -> usize {
    let most = databases.clamp(1, connections.max(1));
    match memory.checked_div(2 * on_its_way) {
        Some(room) => most.min(room.max(1)),
        None => most,
    }
}

/// How many of the free connections the next database gets, which is the largest of those that wait: all but one for each of the others.
pub(super) fn share(free: usize, waiting: usize) -> usize {
    let others = waiting.saturating_sub(1);
    free.saturating_sub(others).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_databases_are_dumped_as_there_is_memory_for() {
        for (databases, connections, memory, on_its_way, expected) in [
            (5, 8, 256, 0, 5),
            (0, 8, 256, 0, 1),
            (50, 8, 0, 0, 8),
            (50, 8, 256, 32, 4),
            (2, 8, 256, 32, 2),
            (2, 8, 16, 32, 1),
        ] {
            let found = at_once(databases, connections, memory, on_its_way);
            assert_eq!(
                found, expected,
                "{databases} over {connections} in {memory}"
            );
        }
    }

    #[test]
    fn the_largest_gets_what_the_others_leave() {
        for (free, waiting, expected) in [(8, 1, 8), (8, 3, 6), (2, 2, 1), (4, 9, 1), (1, 1, 1)] {
            assert_eq!(share(free, waiting), expected, "{free} for {waiting}");
        }
        // One after the other, they have no more together than there are.
        let mut free = 5;
        for waiting in (1..=3).rev() {
            free -= share(free, waiting);
        }
        assert_eq!(free, 0);
    }
}
