//! A line through what was measured: how fast it rises, and how sure that is.

/// How fast something rises.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slope {
    /// By how much in a unit of time.
    pub(crate) rise: f64,
    /// Its standard error.
    pub(crate) error: f64,
}

impl Slope {
    /// The line through these points (time, value) by least squares. What is measured twice within a short time is not
    /// measured independently: the standard error is that of as many independent points as the correlation of neighbours
    /// leaves. Without five points there is no line.
    pub(crate) fn of(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < 5 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "there are a few thousand points at most")]
        let count = points.len() as f64;
        let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
        let (time, value) = (mean(|point| point.0), mean(|point| point.1));
        let spread: f64 = points.iter().map(|point| (point.0 - time).powi(2)).sum();
        let common: f64 = points.iter().map(|point| (point.0 - time) * (point.1 - value)).sum();
        let rise = common / spread;
        let rests: Vec<f64> = points.iter().map(|point| point.1 - value - rise * (point.0 - time)).collect();
        let squares: f64 = rests.iter().map(|rest| rest * rest).sum();
        let neighbours: f64 = rests.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let alike = if squares > 0.0 { (neighbours / squares).clamp(0.0, 0.95) } else { 0.0 };
        let error = (squares / (count - 2.0) / spread * (1.0 + alike) / (1.0 - alike)).sqrt();
        Some(Self { rise, error })
    }

    /// What it rises at least, as good as surely.
    pub(crate) fn at_least(self) -> f64 {
        self.rise - 3.0 * self.error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;

    /// Points along a line, off it by up to `noise`, `together` of them the same way.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn points(rise: f64, noise: f64, together: usize) -> Vec<(f64, f64)> {
        let mut dice = Dice::new(1, 1);
        let mut off = 0.0;
        let point = |at: usize| {
            if at.is_multiple_of(together) {
                off = (dice.of(0..=2000) as f64 / 1000.0 - 1.0) * noise;
            }
            (at as f64, 100.0 + rise * at as f64 + off)
        };
        (0..200).map(point).collect()
    }

    #[test]
    fn a_line_is_found_through_noise() {
        let slope = Slope::of(&points(2.0, 20.0, 1)).unwrap();
        assert!((slope.rise - 2.0).abs() < 3.0 * slope.error && slope.error < 0.05, "{slope:?}");
        assert!(slope.at_least() > 1.8, "{slope:?}");
        let exact = Slope::of(&points(2.0, 0.0, 1)).unwrap();
        assert!((exact.rise - 2.0).abs() < 1e-9 && exact.error < 1e-9, "{exact:?}");
    }

    #[test]
    fn noise_alone_is_no_rise() {
        for together in [1, 5, 20] {
            let slope = Slope::of(&points(0.0, 20.0, together)).unwrap();
            assert!(slope.at_least() < 0.0, "{together}: {slope:?}");
        }
    }

    #[test]
    fn neighbours_that_say_the_same_count_less() {
        let (apart, together) = (Slope::of(&points(0.0, 20.0, 1)), Slope::of(&points(0.0, 20.0, 10)));
        assert!(together.unwrap().error > 2.0 * apart.unwrap().error);
        assert!(Slope::of(&points(1.0, 0.0, 1)[..4]).is_none());
    }
}
