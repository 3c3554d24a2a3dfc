//! One learning task: invented digits in four tasks of two classes, and the strangers.
//!
//! Near strangers are images of glyphs that no task shows, far ones are known images whose pixels have been
//! shuffled. Both are as bright as the known ones, image by image, so that brightness tells nothing.

use ndarray::{Array2, Axis};
use testat_kit::draw::Stream;
use testat_kit::glyph::{Alphabet, Digits, PIXELS, Style};

/// How far samples stray from their glyph: with 1.25 a softmax is no longer sure enough of known images to
/// tell them from shuffled ones, and honest methods still are.
const STYLE: Style = Style { noise: 0.10, polarity: false, strength: 1.25 };
/// Tasks.
pub const TASKS: usize = 4;
/// Classes of a task.
pub const PAIR: usize = 2;
/// Classes of all tasks together; the other two of the alphabet are never shown.
pub const SHOWN: usize = TASKS * PAIR;
/// Training images drawn, of all ten classes: about 220 a task.
const TRAIN: usize = 1100;
/// Test images drawn, of all ten classes: about 400 of the eight shown.
const TEST: usize = 500;
/// Near strangers, and as many far ones.
pub const STRANGERS: usize = 150;
/// Alphabets beside the task's own from which near strangers come, and images drawn of each.
const FOREIGN: (usize, usize) = (16, 50);
/// Least Euclidean distance of a near stranger's glyph from every glyph shown, both clean: as far as the
/// glyphs of one alphabet lie apart.
const GAP: f64 = 2.2;
/// Largest frame of test images.
const FRAME: usize = 8;
/// Images asked again, each alone.
pub const AGAIN: usize = 20;

/// One learning task.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The classes in the order they are learnt, two a task.
    pub order: Vec<i64>,
    /// What each task shows.
    pub train: Vec<Digits>,
    /// Hidden test images of the eight classes; their labels never leave the harness.
    pub test: Digits,
    /// For each task the test images of all classes shown so far, shuffled, in frames of 1 to 8.
    pub frames: Vec<Vec<Vec<usize>>>,
    /// Test images, then near, then far strangers, (n, 64).
    pub gallery: Array2<f32>,
    /// The whole gallery, shuffled, in frames of 1 to 8.
    pub gallery_frames: Vec<Vec<usize>>,
    /// Images of the gallery asked again singly; the first half are test images.
    pub again: Vec<usize>,
    /// Seed for the student's own choices.
    pub seed: i64,
}

impl Lesson {
    /// Draws it all.
    pub fn draw(stream: &mut Stream) -> Self {
        let alphabet = Alphabet::draw(stream);
        let order: Vec<i64> =
            stream.permutation(testat_kit::glyph::CLASSES).iter().map(|c| *c as i64).collect();
        let (shown, hidden) = order.split_at(SHOWN.min(order.len()));
        let all = alphabet.digits(stream, TRAIN, STYLE);
        let train = shown.chunks(PAIR).map(|pair| of_classes(&all, pair)).collect();
        let all = alphabet.digits(stream, TEST, STYLE);
        let test = of_classes(&all, shown);
        let rounds = (1..=TASKS)
            .map(|tasks| {
                let seen = shown.get(..tasks * PAIR).unwrap_or(shown);
                let rows = rows_of(&test, seen);
                frames(stream, &rows)
            })
            .collect();
        let pool = pool(stream, &alphabet, shown, &of_classes(&all, hidden).images);
        let near = matched(stream, &test.images, &pool);
        let far = shuffled(stream, &test.images);
        let mut gallery = test.images.clone();
        for strangers in [&near, &far] {
            // Three matrices of 64 columns each: their rows can always be put one after the other.
            let _ = gallery.append(Axis(0), strangers.view());
        }
        let rows: Vec<usize> = (0..gallery.nrows()).collect();
        let gallery_frames = frames(stream, &rows);
        let known = stream.permutation(test.images.nrows());
        let any = stream.permutation(gallery.nrows());
        let again =
            known.iter().take(AGAIN / 2).chain(any.iter().take(AGAIN / 2)).copied().collect();
        Self {
            order: shown.to_vec(),
            train,
            test,
            frames: rounds,
            gallery,
            gallery_frames,
            again,
            seed: stream.handed_seed(),
        }
    }

    /// The place of a class in the order learnt; none if it is not among the shown.
    pub fn place(&self, class: i64) -> Option<usize> {
        self.order.iter().position(|shown| *shown == class)
    }
}

/// The images of these classes alone, in their order.
fn of_classes(digits: &Digits, classes: &[i64]) -> Digits {
    let rows = rows_of(digits, classes);
    Digits {
        images: digits.images.select(Axis(0), &rows),
        labels: digits.labels.select(Axis(0), &rows),
    }
}

fn rows_of(digits: &Digits, classes: &[i64]) -> Vec<usize> {
    let rows = digits.labels.iter().enumerate();
    rows.filter(|(_, label)| classes.contains(label)).map(|(row, _)| row).collect()
}

/// These rows in a random order, 1 to 8 at a time.
fn frames(stream: &mut Stream, rows: &[usize]) -> Vec<Vec<usize>> {
    let order = stream.permutation(rows.len());
    let mut rest: Vec<usize> = order.iter().filter_map(|at| rows.get(*at).copied()).collect();
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let cut = rest.len().saturating_sub(stream.between(1, FRAME));
        frames.push(rest.split_off(cut));
    }
    frames
}

/// Images that no task shows: those of the hidden classes, and of foreign alphabets those whose glyph lies
/// far enough from every shown one.
fn pool(
    stream: &mut Stream,
    alphabet: &Alphabet,
    shown: &[i64],
    hidden: &Array2<f32>,
) -> Array2<f32> {
    let rows: Vec<usize> = shown.iter().filter_map(|class| usize::try_from(*class).ok()).collect();
    let own = alphabet.clean().select(Axis(0), &rows);
    let mut pool = hidden.clone();
    for _ in 0..FOREIGN.0 {
        let foreign = Alphabet::draw(stream);
        let clean = foreign.clean();
        let apart: Vec<i64> = (0..clean.nrows())
            .filter(|class| {
                let glyph = clean.row(*class);
                own.rows().into_iter().all(|own| (&own - &glyph).mapv(|d| d * d).sum() > GAP * GAP)
            })
            .map(|class| class as i64)
            .collect();
        let strangers = of_classes(&foreign.digits(stream, FOREIGN.1, STYLE), &apart);
        let _ = pool.append(Axis(0), strangers.images.view());
    }
    pool
}

/// Of the pool one image for each of [`STRANGERS`] random known ones: the nearest to it in brightness that
/// is not taken.
fn matched(stream: &mut Stream, known: &Array2<f32>, pool: &Array2<f32>) -> Array2<f32> {
    let of = |images: &Array2<f32>| -> Vec<f64> {
        images.rows().into_iter().map(|row| row.iter().map(|p| f64::from(*p)).sum()).collect()
    };
    let (known, mut free) = (of(known), of(pool));
    let mut taken = Vec::new();
    for row in stream.permutation(known.len()).into_iter().take(STRANGERS) {
        let aim = known.get(row).copied().unwrap_or_default();
        let gap = |brightness: &f64| (brightness - aim).abs();
        let nearest = free.iter().enumerate().min_by(|a, b| gap(a.1).total_cmp(&gap(b.1)));
        let Some(place) = nearest.map(|(place, _)| place) else { break };
        taken.push(place);
        if let Some(brightness) = free.get_mut(place) {
            *brightness = f64::INFINITY;
        }
    }
    pool.select(Axis(0), &taken)
}

/// [`STRANGERS`] random known images, the pixels of each in an order of its own.
fn shuffled(stream: &mut Stream, known: &Array2<f32>) -> Array2<f32> {
    let rows: Vec<usize> = stream.permutation(known.nrows()).into_iter().take(STRANGERS).collect();
    let mut images = known.select(Axis(0), &rows);
    for mut image in images.rows_mut() {
        let order = stream.permutation(PIXELS);
        let moved = image.select(Axis(0), &order);
        image.assign(&moved);
    }
    images
}

#[cfg(test)]
mod tests {
    use testat_kit::draw::Seed;

    use super::*;

    #[test]
    fn tasks_do_not_overlap_and_every_image_is_asked_once() {
        for seed in 0..6 {
            let lesson = Lesson::draw(&mut Seed::new([seed; 32]).stream(10));
            assert_eq!(lesson.train.len(), TASKS);
            for (task, digits) in lesson.train.iter().enumerate() {
                let pair = &lesson.order[2 * task..2 * task + 2];
                assert!(pair.iter().all(|class| digits.labels.iter().any(|own| own == class)));
                assert!(digits.labels.iter().all(|label| pair.contains(label)));
                assert!((150..300).contains(&digits.labels.len()));
            }
            let mut asked: Vec<usize> = lesson.gallery_frames.iter().flatten().copied().collect();
            asked.sort_unstable();
            assert_eq!(asked, (0..lesson.gallery.nrows()).collect::<Vec<_>>());
            assert_eq!(lesson.gallery.nrows(), lesson.test.labels.len() + 2 * STRANGERS);
            let sizes = lesson.frames.iter().flatten().map(Vec::len);
            assert!(
                sizes.clone().all(|size| (1..=FRAME).contains(&size)) && sizes.max() == Some(FRAME)
            );
            let last: usize = lesson.frames[3].iter().map(Vec::len).sum();
            assert_eq!(last, lesson.test.labels.len());
            assert_eq!(lesson.again.len(), AGAIN);
        }
    }

    #[test]
    fn strangers_are_as_bright_as_known_images() {
        let lesson = Lesson::draw(&mut Seed::new([9; 32]).stream(10));
        let known = lesson.test.labels.len();
        let mean = |from: usize, to: usize| {
            lesson.gallery.slice(ndarray::s![from..to, ..]).mapv(f64::from).mean().unwrap()
        };
        let own = mean(0, known);
        assert!((mean(known, known + STRANGERS) - own).abs() < 0.01);
        assert!((mean(known + STRANGERS, known + 2 * STRANGERS) - own).abs() < 0.01);
    }
}
