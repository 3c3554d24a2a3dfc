//! How an image becomes spikes: a window slides down over it, row by row.
//!
//! Were the whole image there at every step, one step would be enough to tell its class, and a network
//! trained on one step alone came to 90 %: there would be no need to learn through time.

use ndarray::{Array2, Array3};
use testat_kit::draw::Stream;
use testat_kit::glyph::{PIXELS, SIDE};

/// Steps of a simulation.
pub const STEPS: usize = 20;
/// Steps after which the next row comes into view.
pub const STRIDE: usize = 2;
/// Steps for which a row stays in view.
pub const VIEW: usize = 6;

/// Whether `pixel` is in view at `step`.
pub fn in_view(step: usize, pixel: usize) -> bool {
    let begin = STRIDE * (pixel / SIDE);
    (begin..begin + VIEW).contains(&step)
}

/// Input spikes (N, 20, 64) of images (N, 64): a pixel in view spikes with a probability that is its brightness.
pub fn encode(images: &Array2<f32>, stream: &mut Stream) -> Array3<u8> {
    let mut spikes = Array3::zeros((images.nrows(), STEPS, PIXELS));
    for (mut sample, image) in spikes.outer_iter_mut().zip(images.rows()) {
        for (step, mut now) in sample.rows_mut().into_iter().enumerate() {
            for (pixel, (spike, brightness)) in now.iter_mut().zip(image).enumerate() {
                if in_view(step, pixel) {
                    *spike = u8::from(stream.chance(f64::from(*brightness)));
                }
            }
        }
    }
    spikes
}

#[cfg(test)]
mod tests {
    use testat_kit::draw::Seed;

    use super::*;

    #[test]
    fn each_row_is_in_view_for_six_steps_and_all_have_been_by_the_end() {
        for pixel in 0..PIXELS {
            let seen: Vec<usize> = (0..STEPS).filter(|step| in_view(*step, pixel)).collect();
            let first = 2 * (pixel / 8);
            assert_eq!(seen, (first..first + 6).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_pixel_in_view_spikes_as_often_as_it_is_bright_and_a_dark_one_never() {
        let mut images = Array2::zeros((400, PIXELS));
        images.column_mut(9).fill(0.8);
        let spikes = encode(&images, &mut Seed::new([1; 32]).stream(0));
        let share = spikes.iter().map(|spike| f64::from(*spike)).sum::<f64>() / (400.0 * 6.0);
        assert!((share - 0.8).abs() < 0.03, "{share}");
        let outside = spikes.indexed_iter().filter(|((_, step, pixel), spike)| {
            **spike == 1 && (*pixel != 9 || !(2..8).contains(step))
        });
        assert_eq!(outside.count(), 0);
    }
}
