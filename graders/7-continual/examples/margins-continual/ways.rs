//! Honest ways and wrong ones.

#[expect(clippy::needless_pass_by_value, reason = "a student's tree passes views as it likes")]
#[path = "../../reference/rust/src/solution.rs"]
mod solution;

use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate, s};
use solution::Solution;
use testat_continual::lesson::{Lesson, TASKS};
use testat_continual::reference::{fisher_diag, zeros_like};
use testat_kit::continual::{Continual, State};
use testat_kit::draw::Stream;
use testat_kit::layer::Layer;
use testat_kit::network::{Activation, classify, draw, forward, loss_and_grads, softmax};

use super::{Answers, Way};

pub(super) const WAYS: [(&str, Way); 22] = [
    ("honest: reference, replay of 10 a class", reference),
    ("honest: replay of 10 a class", |l, s| Replay::of(10).answers(l, s)),
    ("honest: replay of 6 a class", |l, s| Replay::of(6).answers(l, s)),
    ("honest: nearest class mean", |l, _| means(l)),
    ("honest: linear discriminant analysis", |l, _| discriminant(l)),
    ("honest: replay and EWC", |l, s| Replay { ewc: 20.0, ..Replay::of(10) }.answers(l, s)),
    ("honest: 3 nearest of 10 a class", |l, s| {
        Replay { score: Score::Nearest(3), ..Replay::of(10) }.answers(l, s)
    }),
    ("wrong: fine-tuning", |l, s| Replay { replays: false, ..Replay::of(10) }.answers(l, s)),
    ("wrong: EWC alone, lam 20", |l, s| elastic(l, s, 20.0)),
    ("wrong: EWC alone, lam 200", |l, s| elastic(l, s, 200.0)),
    ("wrong: EWC alone, lam 2000", |l, s| elastic(l, s, 2000.0)),
    ("wrong: first task only", |l, s| Replay { only: Some(0), ..Replay::of(10) }.answers(l, s)),
    ("wrong: last task only", |l, s| Replay { only: Some(3), ..Replay::of(10) }.answers(l, s)),
    ("wrong: replay of 1 a class", |l, s| Replay::of(1).answers(l, s)),
    ("wrong: constant label", |l, _| constant(l)),
    ("wrong: softmax confidence", |l, s| {
        Replay { score: Score::Softmax, ..Replay::of(10) }.answers(l, s)
    }),
    ("wrong: energy of the logits", |l, s| {
        Replay { score: Score::Energy, ..Replay::of(10) }.answers(l, s)
    }),
    ("wrong: sign flipped", |l, s| {
        Replay { score: Score::Flipped, ..Replay::of(10) }.answers(l, s)
    }),
    ("wrong: brightness, nothing learnt", |l, s| alone(Score::Brightness, l, s)),
    ("wrong: contrast, nothing learnt", |l, s| alone(Score::Contrast, l, s)),
    ("wrong: constant score, nothing learnt", |l, s| alone(Score::Constant, l, s)),
    ("wrong: random score, nothing learnt", |l, s| alone(Score::Random, l, s)),
];

/// The Rust reference, state and all.
fn reference(lesson: &Lesson, _: &mut Stream) -> Answers {
    let mut state: Option<State> = None;
    let mut labels = Vec::new();
    for (task, train) in lesson.train.iter().enumerate() {
        let (x, y) = (train.images.view(), train.labels.view());
        state = Solution.learn(state.as_ref(), x, y, task as i64, lesson.seed).ok();
        let own = state.as_ref().and_then(|s| Solution.predict(s, lesson.test.images.view()).ok());
        labels.push(own.map(|own| own.to_vec()).unwrap_or_default());
    }
    let scores = state.and_then(|s| Solution.ood_score(&s, lesson.gallery.view()).ok());
    Answers { labels, scores: scores.map(|own| own.to_vec()).unwrap_or_default() }
}

#[derive(Clone, Copy)]
enum Score {
    Nearest(usize),
    Softmax,
    Energy,
    Brightness,
    Contrast,
    Constant,
    Random,
    Flipped,
}

/// A score that needs nothing learnt.
fn alone(score: Score, lesson: &Lesson, stream: &mut Stream) -> Answers {
    Replay { only: Some(TASKS), score, ..Replay::of(10) }.answers(lesson, stream)
}

/// A network of 64-48-10 and some images of each class.
struct Replay {
    kept: usize,
    replays: bool,
    only: Option<usize>,
    ewc: f64,
    score: Score,
}

impl Replay {
    fn of(kept: usize) -> Self {
        Self { kept, replays: true, only: None, ewc: 0.0, score: Score::Nearest(1) }
    }

    fn answers(&self, lesson: &Lesson, stream: &mut Stream) -> Answers {
        let mut params = draw(stream, &[64, 48, 10], 2.0, 0.0);
        let (mut images, mut classes) = (Array2::zeros((0, 64)), Vec::new());
        let (mut labels, test) = (Vec::new(), lesson.test.images.mapv(f64::from));
        let mut anchor = Anchor::new(&params, self.ewc);
        for (task, train) in lesson.train.iter().enumerate() {
            let x = train.images.mapv(f64::from);
            if self.only.is_none_or(|only| only == task) {
                let memory = self.replays.then_some((&images, &classes));
                train_on(&mut params, stream, (&x, &train.labels), memory, &anchor);
                let mut own = train.labels.to_vec();
                own.sort_unstable();
                own.dedup();
                for class in own {
                    let rows = (0..x.nrows()).filter(|row| train.labels.get(*row) == Some(&class));
                    let rows: Vec<usize> = rows.take(self.kept).collect();
                    // As bytes, as a state keeps them.
                    let bytes = x.select(Axis(0), &rows).mapv(|p| (p * 255.0).round() / 255.0);
                    let _ = images.append(Axis(0), bytes.view());
                    classes.extend(rows.iter().map(|_| class));
                }
                anchor.move_to(&params, &x, &train.labels);
            }
            let own = classify(&forward(&params, &test, Activation::Relu).logits);
            labels.push(own.into_iter().map(|class| class as i64).collect());
        }
        let gallery = lesson.gallery.mapv(f64::from);
        Answers { labels, scores: score(self.score, &params, &images, &gallery, stream) }
    }
}

fn score(
    kind: Score,
    params: &[Layer],
    memory: &Array2<f64>,
    gallery: &Array2<f64>,
    stream: &mut Stream,
) -> Vec<f64> {
    let logits = forward(params, gallery, Activation::Relu).logits;
    let p = softmax(&logits);
    let most = |row: ArrayView1<f64>| row.fold(f64::NEG_INFINITY, |max, v| max.max(*v));
    let nearest = |image: ArrayView1<f64>, count: usize| {
        let square = |kept: ArrayView1<f64>| (&kept - &image).mapv(|d| d * d).sum();
        let mut all: Vec<f64> = memory.rows().into_iter().map(square).collect();
        all.sort_by(f64::total_cmp);
        all.iter().take(count).sum::<f64>()
    };
    let rows = gallery.rows().into_iter().enumerate();
    rows.map(|(at, image)| match kind {
        Score::Nearest(count) => nearest(image, count),
        Score::Flipped => -nearest(image, 1),
        Score::Softmax => -most(p.row(at)),
        Score::Energy => {
            let max = most(logits.row(at));
            -(max + logits.row(at).mapv(|z| (z - max).exp()).sum().ln())
        }
        Score::Brightness => (image.sum() - 12.0).abs(),
        Score::Contrast => image.mapv(|p| (p - image.mean().unwrap_or_default()).powi(2)).sum(),
        Score::Constant => 0.0,
        Score::Random => stream.uniform(0.0, 1.0),
    })
    .collect()
}

/// What elastic weight consolidation holds the parameters to.
struct Anchor {
    old: Vec<Layer>,
    fisher: Vec<Layer>,
    lam: f64,
}

impl Anchor {
    fn new(params: &[Layer], lam: f64) -> Self {
        Self { old: params.to_vec(), fisher: zeros_like(params), lam }
    }

    fn move_to(&mut self, params: &[Layer], x: &Array2<f64>, y: &Array1<i64>) {
        if self.lam > 0.0 {
            self.old = params.to_vec();
            for (sum, f) in self.fisher.iter_mut().zip(fisher_diag(params, x, y)) {
                sum.w += &f.w;
                sum.b += &f.b;
            }
        }
    }

    /// The gradient, each entry cut to -1 .. 1 once the penalty is in.
    fn pull(&self, params: &[Layer], grads: &mut [Layer]) {
        if self.lam > 0.0 {
            let held = self.old.iter().zip(&self.fisher);
            for ((g, p), (old, f)) in grads.iter_mut().zip(params).zip(held) {
                g.w = (&g.w + (&p.w - &old.w) * &f.w * self.lam).mapv(|g| g.clamp(-1.0, 1.0));
                g.b = (&g.b + (&p.b - &old.b) * &f.b * self.lam).mapv(|g| g.clamp(-1.0, 1.0));
            }
        }
    }
}

/// Adam over 25 epochs, minibatches of 16 new and 16 remembered images.
fn train_on(
    params: &mut [Layer],
    stream: &mut Stream,
    (x, y): (&Array2<f64>, &Array1<i64>),
    memory: Option<(&Array2<f64>, &Vec<i64>)>,
    anchor: &Anchor,
) {
    let (mut mean, mut square, mut steps) = (zeros_like(params), zeros_like(params), 0);
    for _ in 0..25 {
        for rows in stream.permutation(x.nrows()).chunks(16) {
            let (mut batch, mut labels) = (x.select(Axis(0), rows), y.select(Axis(0), rows));
            if let Some((images, classes)) = memory.filter(|(_, classes)| !classes.is_empty()) {
                let old: Vec<usize> = (0..16).map(|_| stream.below(classes.len())).collect();
                let again = old.iter().filter_map(|row| classes.get(*row));
                labels = labels.iter().chain(again).copied().collect();
                let old = images.select(Axis(0), &old);
                batch = concatenate(Axis(0), &[batch.view(), old.view()]).unwrap_or(batch);
            }
            let (_, mut grads, _) = loss_and_grads(params, &batch, &labels, Activation::Relu);
            anchor.pull(params, &mut grads);
            steps += 1;
            let (first, second) = (1.0 - 0.9f64.powi(steps), 1.0 - 0.999f64.powi(steps));
            for (((p, m), s), g) in params.iter_mut().zip(&mut mean).zip(&mut square).zip(&grads) {
                m.w = &m.w * 0.9 + &g.w * 0.1;
                m.b = &m.b * 0.9 + &g.b * 0.1;
                s.w = &s.w * 0.999 + &g.w * &g.w * 0.001;
                s.b = &s.b * 0.999 + &g.b * &g.b * 0.001;
                p.w -= &(&m.w / first * 2e-3 / ((&s.w / second).mapv(f64::sqrt) + 1e-8));
                p.b -= &(&m.b / first * 2e-3 / ((&s.b / second).mapv(f64::sqrt) + 1e-8));
            }
        }
    }
}

/// EWC without any memory of images, plain descent; strangeness is the lack of confidence.
fn elastic(lesson: &Lesson, stream: &mut Stream, lam: f64) -> Answers {
    let mut params = draw(stream, &[64, 24, 10], 2.0, 0.0);
    let (mut labels, test) = (Vec::new(), lesson.test.images.mapv(f64::from));
    let mut anchor = Anchor::new(&params, lam);
    for train in &lesson.train {
        let x = train.images.mapv(f64::from);
        for _ in 0..30 {
            for rows in stream.permutation(x.nrows()).chunks(16) {
                let (batch, y) = (x.select(Axis(0), rows), train.labels.select(Axis(0), rows));
                let (_, mut grads, _) = loss_and_grads(&params, &batch, &y, Activation::Relu);
                anchor.pull(&params, &mut grads);
                for (p, g) in params.iter_mut().zip(&grads) {
                    p.w.scaled_add(-0.05, &g.w);
                    p.b.scaled_add(-0.05, &g.b);
                }
            }
        }
        anchor.move_to(&params, &x, &train.labels);
        let own = classify(&forward(&params, &test, Activation::Relu).logits);
        labels.push(own.into_iter().map(|class| class as i64).collect());
    }
    let gallery = lesson.gallery.mapv(f64::from);
    let nothing = Array2::zeros((0, 64));
    Answers { labels, scores: score(Score::Softmax, &params, &nothing, &gallery, stream) }
}

fn constant(lesson: &Lesson) -> Answers {
    let label = lesson.order.first().copied().unwrap_or_default();
    Answers {
        labels: vec![vec![label; lesson.test.labels.len()]; TASKS],
        scores: vec![0.0; lesson.gallery.nrows()],
    }
}

/// Class means, and the scatter about them.
struct Means {
    means: Vec<(i64, Array1<f64>)>,
    scatter: Array2<f64>,
    count: f64,
}

/// How far an image lies from a class mean.
type Distance = Box<dyn Fn(ArrayView1<f64>, &Array1<f64>) -> f64>;

fn by_distance(lesson: &Lesson, distance: fn(&Means) -> Distance) -> Answers {
    let mut all = Means { means: Vec::new(), scatter: Array2::zeros((64, 64)), count: 0.0 };
    let (mut labels, mut scores) = (Vec::new(), Vec::new());
    for (task, train) in lesson.train.iter().enumerate() {
        for class in lesson.order.iter().skip(2 * task).take(2) {
            let rows = (0..train.labels.len()).filter(|row| train.labels.get(*row) == Some(class));
            let own = train.images.mapv(f64::from).select(Axis(0), &rows.collect::<Vec<_>>());
            let mean = own.mean_axis(Axis(0)).unwrap_or_default();
            let rest = &own - &mean;
            all.scatter = &all.scatter + &rest.t().dot(&rest);
            all.count += own.nrows() as f64;
            all.means.push((*class, mean));
        }
        let distance = distance(&all);
        let nearest = |image: ArrayView1<f64>| {
            let each = all.means.iter().map(|(class, mean)| (distance(image, mean), *class));
            each.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default()
        };
        let of = |images: &Array2<f32>| -> Vec<(f64, i64)> {
            images.mapv(f64::from).rows().into_iter().map(nearest).collect()
        };
        labels.push(of(&lesson.test.images).into_iter().map(|(_, class)| class).collect());
        scores = of(&lesson.gallery).into_iter().map(|(distance, _)| distance).collect();
    }
    Answers { labels, scores }
}

fn means(lesson: &Lesson) -> Answers {
    by_distance(lesson, |_| Box::new(|x, mean| (&x - mean).mapv(|d| d * d).sum()))
}

fn discriminant(lesson: &Lesson) -> Answers {
    by_distance(lesson, |all| {
        let inverse = inverse(&(&all.scatter / all.count + Array2::<f64>::eye(64) * 0.02));
        Box::new(move |x, mean| {
            let z = &x - mean;
            z.dot(&inverse.dot(&z))
        })
    })
}

/// Gauss and Jordan's, for a symmetric positive matrix.
fn inverse(matrix: &Array2<f64>) -> Array2<f64> {
    let n = matrix.nrows();
    let mut both =
        concatenate(Axis(1), &[matrix.view(), Array2::eye(n).view()]).unwrap_or_default();
    for pivot in 0..n {
        let scaled = &both.row(pivot) / both.get((pivot, pivot)).copied().unwrap_or(1.0);
        both.row_mut(pivot).assign(&scaled);
        for row in (0..n).filter(|row| *row != pivot) {
            let factor = both.get((row, pivot)).copied().unwrap_or_default();
            both.row_mut(row).scaled_add(-factor, &scaled);
        }
    }
    both.slice(s![.., n..]).to_owned()
}
