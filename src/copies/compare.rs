//! From the fingerprints of all submissions to the pairs that have the most in common.

use std::collections::HashMap;

use super::winnow::{Fingerprint, GRAM};

/// A submission to be compared.
#[derive(Clone, Debug)]
pub struct Program {
    /// Whose: nobody copies from themselves.
    pub author: usize,
    /// Whether it is one of those that are asked about; others are compared with these alone.
    pub asked: bool,
    /// Its fingerprints, in the order of its tokens.
    pub prints: Vec<Fingerprint>,
}

/// What counts.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// What is in the programs of more than one author in so many is what everyone writes.
    pub common_one_in: usize,
    /// But never what fewer authors than this have.
    pub common_at_least: usize,
    /// Tokens that a pair must have in common.
    pub least_tokens: usize,
    /// Thousandths of one of the two that must be in the other.
    pub least_share: u32,
    /// Pairs that are kept.
    pub most_pairs: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            // A solution that leaks reaches a handful or a few dozen; what a quarter writes is the hand-out's.
            common_one_in: 4,
            common_at_least: 20,
            least_tokens: 48,
            least_share: 200,
            most_pairs: 1_000,
        }
    }
}

/// Lines of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which file.
    pub file: u32,
    /// The first line, from 1.
    pub from: u32,
    /// The last one.
    pub to: u32,
}

/// A run of tokens that two programs have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where in the one.
    pub left: Span,
    /// Where in the other.
    pub right: Span,
    /// How many tokens.
    pub tokens: usize,
}

/// Two programs with parts in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The number of the one.
    pub left: usize,
    /// The number of the other.
    pub right: usize,
    /// How much of the one is in the other, in thousandths.
    pub left_share: u32,
    /// The other way round.
    pub right_share: u32,
    /// Tokens in common.
    pub matched: usize,
    /// The parts, in the order of the left one.
    pub parts: Vec<Part>,
}

/// Candidates looked at closely for each pair that is kept.
const CANDIDATES: usize = 3;
/// Places of one hash in one program that are looked at: what repeats itself is found by its other hashes.
const PLACES: usize = 6;

/// The pairs with the most in common, the largest share first.
///
/// Takes memory for the fingerprints alone, and time for each two programs that share a rare one.
pub fn pairs(programs: &[Program], rules: Rules) -> Vec<Pair> {
    let rare = Rare::of(programs, rules);
    let mut candidates = candidates(programs, &rare, rules);
    let most = rules.most_pairs.saturating_mul(CANDIDATES);
    if candidates.len() > most {
        candidates.select_nth_unstable_by_key(most, |one| one.order());
        candidates.truncate(most);
    }
    let mut found: Vec<Pair> =
        candidates.iter().filter_map(|one| rare.closely(one.left, one.right, rules)).collect();
    found.sort_by_key(|pair| {
        let share = pair.left_share.max(pair.right_share);
        (std::cmp::Reverse((share, pair.matched)), pair.left, pair.right)
    });
    found.truncate(rules.most_pairs);
    found
}

/// Two programs that may have much in common.
struct Candidate {
    left: usize,
    right: usize,
    /// Thousandths of the smaller one's hashes.
    share: usize,
    count: usize,
}

impl Candidate {
    /// The most promising first, and always the same ones.
    fn order(&self) -> impl Ord + use<> {
        (std::cmp::Reverse((self.share, self.count)), self.left, self.right)
    }
}

/// What is left of the fingerprints without what everyone has.
struct Rare {
    /// By program, in the order of its tokens.
    prints: Vec<Vec<Fingerprint>>,
    /// By program: its hashes as their numbers, each once.
    hashes: Vec<Vec<u32>>,
    /// By the number of the hash: the programs that have it.
    having: Vec<Vec<u32>>,
}

impl Rare {
    fn of(programs: &[Program], rules: Rules) -> Self {
        let mut authors: Vec<usize> = programs.iter().map(|program| program.author).collect();
        authors.sort_unstable();
        authors.dedup();
        let common = (authors.len() / rules.common_one_in.max(1)).max(rules.common_at_least);
        let mut all: Vec<(u64, u32)> = Vec::new();
        for (number, program) in (0_u32..).zip(programs) {
            all.extend(program.prints.iter().map(|print| (print.hash, number)));
        }
        all.sort_unstable();
        all.dedup();
        let mut numbers: HashMap<u64, u32> = HashMap::new();
        let mut having = Vec::new();
        let mut hashes = vec![Vec::new(); programs.len()];
        for group in all.chunk_by(|one, other| one.0 == other.0) {
            let having_it: Vec<u32> = group.iter().map(|(_, program)| *program).collect();
            let author = |program: &u32| programs[*program as usize].author;
            let mut authors: Vec<usize> = having_it.iter().map(author).collect();
            authors.sort_unstable();
            authors.dedup();
            if authors.len() > common {
                continue;
            }
            let number = u32::try_from(having.len()).unwrap_or(u32::MAX);
            numbers.insert(group[0].0, number);
            for program in &having_it {
                hashes[*program as usize].push(number);
            }
            having.push(having_it);
        }
        let rare = |program: &Program| {
            let prints = program.prints.iter().copied();
            prints.filter(|print| numbers.contains_key(&print.hash)).collect()
        };
        Self { prints: programs.iter().map(rare).collect(), hashes, having }
    }

    /// The parts of two programs, if they have enough in common.
    fn closely(&self, left: usize, right: usize, rules: Rules) -> Option<Pair> {
        let parts = parts(&self.prints[left], &self.prints[right]);
        let matched: usize = parts.iter().map(|part| part.tokens).sum();
        let share = |program: usize| {
            let own = covered(&self.prints[program]).max(1);
            u32::try_from((matched * 1000 / own).min(1000)).unwrap_or(1000)
        };
        let (left_share, right_share) = (share(left), share(right));
        let enough =
            matched >= rules.least_tokens && left_share.max(right_share) >= rules.least_share;
        enough.then_some(Pair { left, right, left_share, right_share, matched, parts })
    }
}

fn candidates(programs: &[Program], rare: &Rare, rules: Rules) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut counts = vec![0_usize; programs.len()];
    let mut touched = Vec::new();
    for (left, program) in programs.iter().enumerate().filter(|(_, program)| program.asked) {
        for number in &rare.hashes[left] {
            for right in &rare.having[*number as usize] {
                let right = *right as usize;
                let other = &programs[right];
                // Of two that are asked about, the pair is found once.
                let once = right > left || !other.asked;
                if once && other.author != program.author {
                    if counts[right] == 0 {
                        touched.push(right);
                    }
                    counts[right] += 1;
                }
            }
        }
        for right in touched.drain(..) {
            let count = std::mem::take(&mut counts[right]);
            let smaller = rare.hashes[left].len().min(rare.hashes[right].len()).max(1);
            let share = count * 1000 / smaller;
            // Half of what is asked for: closely looked at, it may be more.
            if count * GRAM >= rules.least_tokens && 2 * share >= rules.least_share as usize {
                found.push(Candidate { left, right, share, count });
            }
        }
    }
    found
}

/// Tokens that lie in at least one of the fingerprints.
fn covered(prints: &[Fingerprint]) -> usize {
    let mut end = 0;
    let mut count = 0;
    for print in prints {
        let (from, to) = (print.token as usize, print.token as usize + GRAM);
        count += to - from.max(end).min(to);
        end = end.max(to);
    }
    count
}

/// A fingerprint that two programs share.
type Seed = (Fingerprint, Fingerprint);

/// The longest runs that two programs have in common, no token in two of them.
fn parts(left: &[Fingerprint], right: &[Fingerprint]) -> Vec<Part> {
    let mut runs = runs(seeds(left, right));
    runs.sort_by_key(|run| (std::cmp::Reverse(length(run)), run[0].0.token, run[0].1.token));
    let mut taken = (Taken::upto(left), Taken::upto(right));
    let mut found = Vec::new();
    for run in runs {
        let free = |(one, other): &Seed| taken.0.is_free(one.token) && taken.1.is_free(other.token);
        let Some(first) = run.iter().position(free) else { continue };
        let run: Vec<Seed> = run[first..].iter().take_while(|seed| free(seed)).copied().collect();
        let tokens = length(&run);
        taken.0.take(run[0].0.token, tokens);
        taken.1.take(run[0].1.token, tokens);
        found.push(part(&run, tokens));
    }
    found.sort_by_key(|part| (part.left.file, part.left.from, part.right.file, part.right.from));
    found
}

/// Tokens from the first of a run to its last.
fn length(run: &[Seed]) -> usize {
    match (run.first(), run.last()) {
        (Some(first), Some(last)) => (last.0.token - first.0.token) as usize + GRAM,
        _ => 0,
    }
}

fn part(run: &[Seed], tokens: usize) -> Part {
    let (first, last) = (run[0], run[run.len() - 1]);
    let span = |first: Fingerprint, last: Fingerprint| Span {
        file: first.file,
        from: first.from,
        to: last.to,
    };
    Part { left: span(first.0, last.0), right: span(first.1, last.1), tokens }
}

fn seeds(left: &[Fingerprint], right: &[Fingerprint]) -> Vec<Seed> {
    let mut places: HashMap<u64, Vec<Fingerprint>> = HashMap::new();
    for print in right {
        let known = places.entry(print.hash).or_default();
        if known.len() < PLACES {
            known.push(*print);
        }
    }
    let mut met: HashMap<u64, usize> = HashMap::new();
    let mut found = Vec::new();
    for print in left {
        let Some(others) = places.get(&print.hash) else { continue };
        let met = met.entry(print.hash).or_default();
        *met += 1;
        if *met <= PLACES {
            found.extend(others.iter().map(|other| (*print, *other)));
        }
    }
    found
}

/// Seeds that go on one after the other in both programs, no token between them left out.
fn runs(mut seeds: Vec<Seed>) -> Vec<Vec<Seed>> {
    let apart = |(one, other): &Seed| i64::from(other.token) - i64::from(one.token);
    seeds.sort_by_key(|seed| (apart(seed), seed.0.token));
    let goes_on = |before: &Seed, after: &Seed| {
        apart(before) == apart(after)
            && (before.0.file, before.1.file) == (after.0.file, after.1.file)
            && (after.0.token - before.0.token) as usize <= GRAM
    };
    seeds.chunk_by(goes_on).map(<[Seed]>::to_vec).collect()
}

/// Which of a program's tokens lie in a part already.
struct Taken(Vec<bool>);

impl Taken {
    fn upto(prints: &[Fingerprint]) -> Self {
        let last = prints.last().map_or(0, |print| print.token as usize + GRAM);
        Self(vec![false; last])
    }
    fn is_free(&self, token: u32) -> bool {
        let from = token as usize;
        self.0.get(from..from + GRAM).is_some_and(|run| run.iter().all(|taken| !taken))
    }
    fn take(&mut self, token: u32, tokens: usize) {
        let from = token as usize;
        if let Some(run) = self.0.get_mut(from..from + tokens) {
            run.fill(true);
        }
    }
}
