//! Who does what next.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::graph::Graph;

/// Data from which something is worth a connection of its own, in bytes of the archive. What has to do with less is sent along with what
/// comes before it.
pub(crate) const HEAVY: u64 = 256 * 1024;

/// The connection that reads an archive which can be read only once: as long as there is something to be read, it does nothing else.
const READER: usize = 0;

/// What a connection is given to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// This node.
    Node(usize),
    /// Nothing before something else has ended.
    Wait,
    /// Nothing any more.
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Taken(usize),
    Ended,
}

/// The largest first, then in the archive's order.
type Place = (Reverse<u64>, usize);

/// What one connection has in hand.
#[derive(Debug, Default)]
struct Hand {
    nodes: BTreeSet<usize>,
    locks: HashMap<i32, usize>,
    touches: HashMap<i32, usize>,
    /// What waits for nothing but nodes in this hand: here it may follow at once.
    followers: BTreeSet<Place>,
}

/// The nodes of a graph on their way.
#[derive(Debug)]
pub(crate) struct Schedule {
    graph: Graph,
    states: Vec<State>,
    /// How many of the nodes that each waits for have not ended.
    open: Vec<usize>,
    ready: BTreeSet<Place>,
    /// What an archive that can be read only once is yet to be read for, in the order of the script.
    unread: VecDeque<usize>,
    hands: Vec<Hand>,
    /// Steps that have not ended.
    left: usize,
}

impl Schedule {
    /// For so many connections.
    pub(crate) fn new(graph: Graph, connections: usize) -> Self {
        let count = graph.nodes.len();
        let open = graph
            .nodes
            .iter()
            .map(|node| node.waits_for.len())
            .collect();
        let mut unread: Vec<usize> = (0..count)
            .filter(|&node| graph.nodes[node].reads_on)
            .collect();
        unread.sort_unstable_by_key(|&node| graph.nodes[node].step);
        let mut schedule = Schedule {
            graph,
            states: vec![State::Waiting; count],
            open,
            ready: BTreeSet::new(),
            unread: unread.into(),
            hands: (0..connections).map(|_| Hand::default()).collect(),
            left: 0,
        };
        schedule.left = (0..count)
            .filter(|&node| schedule.step(node).is_some())
            .count();
        for node in 0..count {
            if schedule.open[node] == 0 {
                schedule.settle(node);
            }
        }
        schedule
    }

    /// The position of a node's step in the script.
    pub(crate) fn step(&self, node: usize) -> Option<usize> {
        self.graph.nodes[node].step
    }

    /// The next node for a connection. One with heavy work in hand gets no more, and one with any gets light work only.
    pub(crate) fn take(&mut self, connection: usize) -> Next {
        if self.left == 0 {
            return Next::Over;
        }
        let hand = &self.hands[connection];
        let is_busy = !hand.nodes.is_empty();
        if hand.nodes.iter().any(|&node| self.is_heavy(node)) {
            return Next::Wait;
        }
        let candidates = hand.followers.iter().chain(&self.ready);
        let mut candidates = candidates
            .map(|&(_, node)| node)
            .filter(|&node| self.states[node] == State::Waiting)
            .filter(|&node| !(is_busy && self.is_heavy(node)))
            .filter(|&node| self.is_its_turn(connection, node))
            .filter(|&node| !self.is_in_the_way(connection, node));
        let found = match connection {
            READER if !self.unread.is_empty() => candidates
                .clone()
                .find(|&node| self.graph.nodes[node].reads_on)
                .or_else(|| candidates.next()),
            _ => candidates.next(),
        };
        let found = found.or_else(|| self.of_a_circle(connection));
        match found {
            Some(node) => {
                self.give(connection, node);
                Next::Node(node)
            }
            None => Next::Wait,
        }
    }

    /// A node of a connection has ended, whether well or not.
    pub(crate) fn end(&mut self, connection: usize, node: usize) {
        let hand = &mut self.hands[connection];
        hand.nodes.remove(&node);
        for (held, ids) in [
            (&mut hand.locks, &self.graph.nodes[node].locks),
            (&mut hand.touches, &self.graph.nodes[node].touches),
        ] {
            for id in ids {
                if let Some(count) = held.get_mut(id) {
                    *count -= 1;
                    if *count == 0 {
                        held.remove(id);
                    }
                }
            }
        }
        self.finish(node);
    }

    /// So many bytes were read for a node, which nobody knew before.
    pub(crate) fn weigh(&mut self, node: usize, bytes: u64) {
        for follower in self.graph.nodes[node].waited_for_by.clone() {
            let before = self.place(follower);
            self.graph.nodes[follower].cost += bytes;
            let after = self.place(follower);
            let followers = self.hands.iter_mut().map(|hand| &mut hand.followers);
            for places in followers.chain([&mut self.ready]) {
                if places.remove(&before) {
                    places.insert(after);
                }
            }
        }
    }

    /// Whether a connection may take a node: what is read only once is read in order, over one.
    fn is_its_turn(&self, connection: usize, node: usize) -> bool {
        !self.graph.nodes[node].reads_on
            || connection == READER && self.unread.front() == Some(&node)
    }

    fn is_heavy(&self, node: usize) -> bool {
        self.graph.nodes[node].cost >= HEAVY
    }

    fn place(&self, node: usize) -> Place {
        (Reverse(self.graph.nodes[node].cost), node)
    }

    fn give(&mut self, connection: usize, node: usize) {
        self.states[node] = State::Taken(connection);
        if self.unread.front() == Some(&node) {
            self.unread.pop_front();
        }
        let place = self.place(node);
        self.ready.remove(&place);
        for hand in &mut self.hands {
            hand.followers.remove(&place);
        }
        let hand = &mut self.hands[connection];
        hand.nodes.insert(node);
        for (held, ids) in [
            (&mut hand.locks, &self.graph.nodes[node].locks),
            (&mut hand.touches, &self.graph.nodes[node].touches),
        ] {
            for id in ids {
                *held.entry(*id).or_default() += 1;
            }
        }
        for &follower in &self.graph.nodes[node].waited_for_by {
            let is_here = |other: &usize| {
                matches!(self.states[*other], State::Ended)
                    || self.states[*other] == State::Taken(connection)
            };
            let node = &self.graph.nodes[follower];
            if node.step.is_some()
                && self.states[follower] == State::Waiting
                && node.waits_for.iter().all(is_here)
            {
                let place = (Reverse(node.cost), follower);
                self.hands[connection].followers.insert(place);
            }
        }
    }

    /// Whether another connection has something in hand that must not happen at the same time.
    fn is_in_the_way(&self, connection: usize, node: usize) -> bool {
        let node = &self.graph.nodes[node];
        let others = self
            .hands
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != connection);
        others.into_iter().any(|(_, hand)| {
            node.locks.iter().any(|id| hand.touches.contains_key(id))
                || node.touches.iter().any(|id| hand.locks.contains_key(id))
        })
    }

    /// The first node where everything waits for something else, as in an archive whose dependencies go in a circle.
    fn of_a_circle(&self, connection: usize) -> Option<usize> {
        let is_idle = self.ready.is_empty() && self.hands.iter().all(|hand| hand.nodes.is_empty());
        let waiting = |&node: &usize| {
            self.states[node] == State::Waiting
                && self.step(node).is_some()
                && self.is_its_turn(connection, node)
        };
        is_idle
            .then(|| (0..self.states.len()).find(waiting))
            .flatten()
    }

    /// Makes a node that waits for nothing ready; what takes no time is over with that.
    fn settle(&mut self, node: usize) {
        if self.states[node] != State::Waiting {
            return;
        }
        if self.step(node).is_some() {
            self.ready.insert(self.place(node));
        } else {
            self.finish(node);
        }
    }

    fn finish(&mut self, node: usize) {
        let mut ended = vec![node];
        while let Some(node) = ended.pop() {
            if self.states[node] == State::Ended {
                continue;
            }
            self.states[node] = State::Ended;
            self.left -= usize::from(self.step(node).is_some());
            for follower in self.graph.nodes[node].waited_for_by.clone() {
                self.open[follower] -= 1;
                if self.open[follower] > 0 || self.states[follower] != State::Waiting {
                    continue;
                }
                if self.step(follower).is_some() {
                    self.ready.insert(self.place(follower));
                } else {
                    ended.push(follower);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::graph::Node;

    /// A graph whose nodes wait for others at random, circles included; each locks some of what it waits for.
    fn graph(count: usize, edges: &[(usize, usize)], locks: &[bool], costs: &[u64]) -> Graph {
        let mut nodes: Vec<Node> = (0..count)
            .map(|node| Node {
                step: (node % 7 != 3).then_some(node),
                cost: costs[node % costs.len()],
                ..Node::default()
            })
            .collect();
        for &(from, to) in edges {
            let (from, to) = (from % count, to % count);
            if from == to || nodes[from].waits_for.contains(&to) {
                continue;
            }
            nodes[from].waits_for.push(to);
            nodes[from].touches.push(to as i32);
            if locks[from % locks.len()] {
                nodes[from].locks.push(to as i32);
            }
            nodes[to].waited_for_by.push(from);
        }
        Graph { nodes }
    }

    proptest! {
        #[test]
        fn everything_is_done_once_and_in_order_and_nothing_locks_out_another(
            count in 1..60usize,
            edges in prop::collection::vec((0..60usize, 0..60usize), 0..120),
            is_acyclic: bool,
            locks in prop::collection::vec(any::<bool>(), 1..10),
            costs in prop::collection::vec(prop_oneof![Just(0u64), Just(HEAVY)], 1..10),
            order in prop::collection::vec((0..3usize, any::<bool>()), 1..50),
        ) {
            let edges: Vec<_> = match is_acyclic {
                true => edges.into_iter().map(|(a, b)| (a % count, b % count)).map(|(a, b)| (a.max(b), a.min(b))).collect(),
                false => edges,
            };
            let nodes = graph(count, &edges, &locks, &costs).nodes;
            let mut schedule = Schedule::new(graph(count, &edges, &locks, &costs), 3);
            let mut hands: Vec<std::collections::VecDeque<usize>> = vec![Default::default(); 3];
            let mut done = Vec::new();
            let mut turns = order.iter().cycle();
            let mut idle = 0;
            while idle < 200 {
                let &(connection, ends) = turns.next().expect("a cycle has no end");
                if ends && !hands[connection].is_empty() {
                    // A connection does things in the order in which it was given them.
                    let node = hands[connection].pop_front().expect("there is one");
                    schedule.end(connection, node);
                    done.push(node);
                    idle = 0;
                    continue;
                }
                match schedule.take(connection) {
                    Next::Node(node) => {
                        idle = 0;
                        let others = (0..3).filter(|other| *other != connection);
                        for other in others.flat_map(|other| hands[other].iter()) {
                            let clash = nodes[node].locks.iter().any(|id| nodes[*other].touches.contains(id))
                                || nodes[*other].locks.iter().any(|id| nodes[node].touches.contains(id));
                            prop_assert!(!clash, "{} beside {}", node, other);
                        }
                        if is_acyclic {
                            for before in nodes[node].waits_for.iter().filter(|before| nodes[**before].step.is_some()) {
                                prop_assert!(done.contains(before) || hands[connection].contains(before));
                            }
                        }
                        hands[connection].push_back(node);
                    }
                    Next::Over => break,
                    Next::Wait => idle += 1,
                }
                if hands.iter().all(|hand| hand.is_empty()) {
                    continue;
                }
                // Whoever waits is waited for in the end.
                if idle > 100 {
                    let busy = (0..3).find(|at| !hands[*at].is_empty()).expect("one is busy");
                    let node = hands[busy].pop_front().expect("it has one");
                    schedule.end(busy, node);
                    done.push(node);
                    idle = 0;
                }
            }
            done.sort_unstable();
            let all: Vec<usize> = (0..count).filter(|node| nodes[*node].step.is_some()).collect();
            prop_assert_eq!(done, all);
        }
    }
}
