//! Invented digits: ten glyphs of two strokes, drawn from the seed, so that no data set of them exists
//! anywhere and neither pre-trained weights nor a memorised table help.
//!
//! The exponential, sine and cosine come from `libm`, which gives the same bits on every machine: the
//! same seed draws the same images at the student's home.

use ndarray::{Array1, Array2};

use crate::draw::Stream;

/// Classes of an alphabet.
pub const CLASSES: usize = 10;
/// Pixels along a side.
pub const SIDE: usize = 8;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;

/// Standard deviation of the pen, in widths of the image.
const PEN: f64 = 0.075;
/// Least Euclidean distance between the clean images of two classes.
const GAP: f64 = 2.2;
/// Points along a stroke.
const POINTS: usize = 9;
/// Tries for one more glyph before the alphabet is begun anew: some beginnings leave no room.
const TRIES: usize = 2000;

/// Two quadratic Bezier strokes of three control points (x, y), in 0..1.
type Glyph = [[[f64; 2]; 3]; 2];
type Image = [f64; PIXELS];

/// How samples differ from their class's glyph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Standard deviation of the noise on each pixel.
    pub noise: f64,
    /// Whether each image is inverted with probability one half.
    pub polarity: bool,
    /// Factor on jitter, rotation, scale and shift; 1 is the usual.
    pub strength: f64,
}

/// Images and their classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Digits {
    /// (N, 64), in 0..1, rows of an image one after the other.
    pub images: Array2<f32>,
    /// (N,), 0..10.
    pub labels: Array1<i64>,
}

/// Ten glyphs that lie apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Alphabet {
    glyphs: Vec<Glyph>,
}

impl Alphabet {
    /// Draws ten glyphs, each redrawn until its clean image lies at least 2.2 from every other's.
    pub fn draw(stream: &mut Stream) -> Self {
        loop {
            if let Some(glyphs) = try_alphabet(stream) {
                return Self { glyphs };
            }
        }
    }

    /// The clean images of the ten classes, (10, 64).
    pub fn clean(&self) -> Array2<f64> {
        let mut images = Array2::zeros((CLASSES, PIXELS));
        for (mut row, glyph) in images.rows_mut().into_iter().zip(&self.glyphs) {
            row.iter_mut().zip(raster(&strokes(glyph))).for_each(|(to, from)| *to = from);
        }
        images
    }

    /// Draws `count` samples of uniformly drawn classes.
    pub fn digits(&self, stream: &mut Stream, count: usize, style: Style) -> Digits {
        let mut images = Array2::zeros((count, PIXELS));
        let mut labels = Array1::zeros(count);
        for (mut row, label) in images.rows_mut().into_iter().zip(&mut labels) {
            let class = stream.below(CLASSES);
            *label = class as i64;
            let Some(glyph) = self.glyphs.get(class) else { continue };
            let image = sample(glyph, stream, style);
            row.iter_mut().zip(image).for_each(|(to, from)| *to = from as f32);
        }
        Digits { images, labels }
    }
}

fn try_alphabet(stream: &mut Stream) -> Option<Vec<Glyph>> {
    let (mut glyphs, mut images): (Vec<Glyph>, Vec<Image>) = (Vec::new(), Vec::new());
    for _ in 0..CLASSES {
        let (glyph, image) = (0..TRIES).find_map(|_| {
            let glyph =
                [(); 2].map(|()| [(); 3].map(|()| [(); 2].map(|()| stream.uniform(0.08, 0.92))));
            let image = raster(&strokes(&glyph));
            images.iter().all(|other| distance(&image, other) > GAP).then_some((glyph, image))
        })?;
        glyphs.push(glyph);
        images.push(image);
    }
    Some(glyphs)
}

fn distance(a: &Image, b: &Image) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// One image: jittered control points, rotated, scaled, shifted, drawn, noisy, clipped, perhaps inverted.
fn sample(glyph: &Glyph, stream: &mut Stream, style: Style) -> Image {
    let s = style.strength;
    let jittered =
        glyph.map(|stroke| stroke.map(|point| point.map(|c| c + 0.05 * s * stream.normal())));
    let angle = stream.uniform(-12.0, 12.0).to_radians() * s;
    let scale = libm::exp(stream.uniform(-0.1, 0.1) * s);
    let shift = [(); 2].map(|()| stream.uniform(-0.07, 0.07) * s);
    let (cos, sin) = (libm::cos(angle) * scale, libm::sin(angle) * scale);
    let points = strokes(&jittered).map(|[x, y]| {
        let (x, y) = (x - 0.5, y - 0.5);
        [cos * x - sin * y + 0.5 + shift[0], sin * x + cos * y + 0.5 + shift[1]]
    });
    let noisy =
        raster(&points).map(|pixel| (pixel + style.noise * stream.normal()).clamp(0.0, 1.0));
    if style.polarity && stream.chance(0.5) { noisy.map(|pixel| 1.0 - pixel) } else { noisy }
}

/// Points along both strokes.
fn strokes(glyph: &Glyph) -> [[f64; 2]; 2 * POINTS] {
    let mut points = [[0.0; 2]; 2 * POINTS];
    for (stroke, along) in glyph.iter().zip(points.chunks_mut(POINTS)) {
        for (step, point) in along.iter_mut().enumerate() {
            let t = step as f64 / (POINTS - 1) as f64;
            let weights = [(1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t];
            for (control, weight) in stroke.iter().zip(weights) {
                point[0] += weight * control[0];
                point[1] += weight * control[1];
            }
        }
    }
    points
}

/// Each pixel's darkness: a Gaussian of its distance to the nearest point.
fn raster(points: &[[f64; 2]]) -> Image {
    let mut image = [0.0; PIXELS];
    for (at, pixel) in image.iter_mut().enumerate() {
        let x = ((at % SIDE) as f64 + 0.5) / SIDE as f64;
        let y = ((at / SIDE) as f64 + 0.5) / SIDE as f64;
        let square = |p: &[f64; 2]| (p[0] - x) * (p[0] - x) + (p[1] - y) * (p[1] - y);
        let nearest = points.iter().map(square).fold(f64::INFINITY, f64::min);
        *pixel = libm::exp(-nearest / (2.0 * PEN * PEN));
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Seed;

    const STYLE: Style = Style { noise: 0.1, polarity: true, strength: 1.0 };

    #[test]
    fn every_alphabet_lies_apart_and_every_class_comes() {
        for seed in 0..10 {
            let mut stream = Seed::new([seed; 32]).stream(0);
            let alphabet = Alphabet::draw(&mut stream);
            let clean = alphabet.clean();
            for a in 0..CLASSES {
                for b in 0..a {
                    let gap = (&clean.row(a) - &clean.row(b)).mapv(|d| d * d).sum().sqrt();
                    assert!(gap > GAP, "seed {seed}: {a} and {b} lie {gap} apart");
                }
            }
            let digits = alphabet.digits(&mut stream, 500, STYLE);
            assert!((0..10).all(|class| digits.labels.iter().any(|label| *label == class)));
            assert!(digits.images.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
        }
    }

    /// A change here is a change of every learning task ever set: never on purpose.
    #[test]
    fn a_seed_draws_the_same_digits_for_ever() {
        let mut stream = Seed::new([1; 32]).stream(5);
        let digits = Alphabet::draw(&mut stream).digits(&mut stream, 3, STYLE);
        let some: Vec<u32> =
            digits.images.iter().skip(20).step_by(40).map(|p| p.to_bits()).collect();
        assert_eq!(
            (digits.labels.to_vec(), some),
            (vec![1, 7, 8], vec![1030033833, 1033611255, 1064093989, 1065353216, 1065353216])
        );
    }

    #[test]
    fn half_of_the_images_are_inverted_with_polarity_and_none_without() {
        let mut stream = Seed::new([2; 32]).stream(0);
        let alphabet = Alphabet::draw(&mut stream);
        let bright = |digits: &Digits| {
            digits.images.rows().into_iter().filter(|row| row.sum() > 32.0).count()
        };
        assert_eq!(
            bright(&alphabet.digits(&mut stream, 400, Style { polarity: false, ..STYLE })),
            0
        );
        let half = bright(&alphabet.digits(&mut stream, 400, STYLE));
        assert!((150..250).contains(&half), "{half}");
    }
}
