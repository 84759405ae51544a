"""Functions for which an arithmetic has no other way than its `special`."""


class Special:
    """For kernels: what they do not bound themselves goes by its name."""

    def sin(self, a):
        return self.special("sin", a)

    def cos(self, a):
        return self.special("cos", a)

    def atan(self, a):
        return self.special("atan", a)

    def asinh(self, a):
        return self.special("asinh", a)

    def special(self, name, a):
        raise NotImplementedError
