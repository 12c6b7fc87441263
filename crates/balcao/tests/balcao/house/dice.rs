//! Chance that a run can be repeated with: one seed gives one row of numbers.

/// Knuth's MMIX generator; its high bits are good enough to choose moments and orders.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1));
        dice.below(2);
        dice
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    /// A number from `first` to `last`, of milliseconds for example.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + u64::try_from(self.below(usize::try_from(last - first + 1).unwrap())).unwrap()
    }

    /// True once in so many throws.
    pub fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Another row, for a task of its own.
    pub fn fork(&mut self) -> Self {
        Self::new(u64::try_from(self.below(usize::MAX)).unwrap())
    }
}
