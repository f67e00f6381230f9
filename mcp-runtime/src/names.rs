//! The names of a group's items, compared while the user's crate is compiled: two of one name fail the build. Floor 1.

/// The names of a group's items, as a tree: it is compared while the user's crate is compiled.
#[derive(Clone, Copy)]
pub struct Names {
    /// Items of the group itself.
    pub own: &'static [Name],
    /// Groups inside.
    pub parts: &'static [&'static Names],
}

/// The name of one item.
#[derive(Clone, Copy)]
pub struct Name {
    /// `tool`, `prompt` or `resource`: only items of one kind can clash.
    pub kind: &'static str,
    /// The name, or the URI of a resource.
    pub name: &'static str,
    /// What to tell the user when another one has it too.
    pub clash: &'static str,
}

/// Names beyond this number are compared when the server starts, because the compiler is slow at it.
const COMPARED: usize = 200;

impl Names {
    const fn count(&self) -> usize {
        let mut count = self.own.len();
        let mut part = 0;
        while part < self.parts.len() {
            count += self.parts[part].count();
            part += 1;
        }
        count
    }

    const fn occurrences(&self, name: &Name) -> usize {
        let mut found = 0;
        let mut index = 0;
        while index < self.own.len() {
            if is_same(self.own[index].name, name.name) && is_same(self.own[index].kind, name.kind) {
                found += 1;
            }
            index += 1;
        }
        let mut part = 0;
        while part < self.parts.len() {
            found += self.parts[part].occurrences(name);
            part += 1;
        }
        found
    }

    const fn first_clash(&self, all: &Self) -> Option<&'static str> {
        let mut index = 0;
        while index < self.own.len() {
            if all.occurrences(&self.own[index]) > 1 {
                return Some(self.own[index].clash);
            }
            index += 1;
        }
        let mut part = 0;
        while part < self.parts.len() {
            if let Some(clash) = self.parts[part].first_clash(all) {
                return Some(clash);
            }
            part += 1;
        }
        None
    }

    /// Fails the build when two items have the same name.
    ///
    /// # Panics
    /// Only while compiling.
    #[track_caller]
    pub const fn assert_distinct(&self) {
        if self.count() <= COMPARED
            && let Some(clash) = self.first_clash(self)
        {
            panic!("{}", clash);
        }
    }

    /// Fails the build when one of `self` is among `earlier`.
    ///
    /// # Panics
    /// Only while compiling.
    #[track_caller]
    pub const fn assert_new(&self, earlier: &[Self]) {
        if earlier.len() > COMPARED {
            return;
        }
        let mut index = 0;
        while index < self.own.len() {
            let mut other = 0;
            while other < earlier.len() {
                assert!(earlier[other].occurrences(&self.own[index]) == 0, "{}", self.own[index].clash);
                other += 1;
            }
            index += 1;
        }
    }
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}
