//! Groups of submissions that hang together by pairs.

/// Submissions of which each is connected with each other one, directly or through others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Which submissions, rising.
    pub members: Vec<usize>,
    /// Which pairs connect them, in their order.
    pub pairs: Vec<usize>,
}

/// The groups that pairs of submissions (by their numbers below `count`) make, the largest first.
pub fn clusters(count: usize, pairs: &[(usize, usize)]) -> Vec<Cluster> {
    let mut above: Vec<usize> = (0..count).collect();
    for (one, other) in pairs {
        let (one, other) = (top(&mut above, *one), top(&mut above, *other));
        above[one.max(other)] = one.min(other);
    }
    let mut groups: Vec<Cluster> =
        (0..count).map(|_| Cluster { members: Vec::new(), pairs: Vec::new() }).collect();
    for member in 0..count {
        groups[top(&mut above, member)].members.push(member);
    }
    for (number, (one, _)) in pairs.iter().enumerate() {
        groups[top(&mut above, *one)].pairs.push(number);
    }
    groups.retain(|group| group.members.len() > 1);
    groups.sort_by_key(|group| (std::cmp::Reverse(group.members.len()), group.members[0]));
    groups
}

/// The one that stands for a group; on the way each is hung two steps higher.
fn top(above: &mut [usize], mut one: usize) -> usize {
    while above[one] != one {
        above[one] = above[above[one]];
        one = above[one];
    }
    one
}
