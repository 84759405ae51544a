"""The elementary primitives of a jaxpr on SymPy expressions: what each one means, one number at a time."""


class Elementary:
    """`do_<primitive>` is the expression that the primitive makes of its arguments; decisions are left to who reads."""

    def __init__(self, sp):
        """Sp: the module sympy, an extra."""
        self.sp = sp

    def do_add(self, a, b, **_):
        return a + b

    do_add_any = do_add

    def do_sub(self, a, b, **_):
        return a - b

    def do_mul(self, a, b, **_):
        return a * b

    def do_div(self, a, b, **_):
        return a / b

    def do_neg(self, a, **_):
        return -a

    def do_square(self, a, **_):
        return a**2

    def do_integer_pow(self, a, *, y, **_):
        return a**y

    def do_pow(self, a, b, **_):
        return a**b

    def do_exp(self, a, **_):
        return self.sp.exp(a)

    def do_log(self, a, **_):
        return self.sp.log(a)

    def do_log1p(self, a, **_):
        return self.sp.log(1 + a)

    def do_expm1(self, a, **_):
        return self.sp.exp(a) - 1

    def do_tanh(self, a, **_):
        return (self.sp.exp(2 * a) - 1) / (self.sp.exp(2 * a) + 1)

    def do_cosh(self, a, **_):
        return (self.sp.exp(a) + self.sp.exp(-a)) / 2

    def do_logistic(self, a, **_):
        return 1 / (1 + self.sp.exp(-a))

    def do_lgamma(self, a, **_):
        return self.sp.loggamma(a)

    def do_convert_element_type(self, a, **_):
        return a

    do_copy = do_stop_gradient = do_convert_element_type
