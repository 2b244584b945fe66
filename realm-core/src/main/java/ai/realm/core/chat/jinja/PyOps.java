package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's arithmetic operators. Integers have 64 bits; what does not fit is an error. */
final class PyOps {
    private PyOps() {
    }

    static @Nullable Object binary(Context c, String op, @Nullable Object left, @Nullable Object right) {
        Object marked = op.equals("+") ? Markup.add(c, left, right) : null;
        return marked != null ? marked : Markup.like(left, plain(c, op, Markup.plain(left), Markup.plain(right)));
    }

    private static @Nullable Object plain(Context c, String op, @Nullable Object a, @Nullable Object b) {
        if (a instanceof Undefined u) {
            throw u.fail();
        }
        if (op.equals("%") && a instanceof String format) {
            return PyFormat.percent(c, format, b);
        }
        if (b instanceof Undefined u) {
            throw u.fail();
        }
        if (Py.isNumber(a) && Py.isNumber(b)) {
            try {
                return Py.isInt(a) && Py.isInt(b)
                        ? integers(op, Py.toLong(a), Py.toLong(b))
                        : doubles(op, Py.toDouble(a), Py.toDouble(b));
            } catch (ArithmeticException e) {
                throw JinjaError.runtime("the result of '" + op + "' does not fit 64 bits");
            }
        }
        if (op.equals("+")) {
            return add(c, a, b);
        }
        if (op.equals("*") && Py.isInt(b) && isSequence(a)) {
            return repeat(c, a, Py.toLong(b));
        }
        if (op.equals("*") && Py.isInt(a) && isSequence(b)) {
            return repeat(c, b, Py.toLong(a));
        }
        throw unsupported(op, a, b);
    }

    private static JinjaError unsupported(String op, @Nullable Object a, @Nullable Object b) {
        return JinjaError.runtime("unsupported operand type(s) for " + op + ": '" + Py.typeName(a) + "' and '" + Py.typeName(b)
                + "'");
    }

    private static boolean isSequence(@Nullable Object v) {
        return v instanceof String || v instanceof List<?> && !(v instanceof PyRange);
    }

    private static Object add(Context c, @Nullable Object a, @Nullable Object b) {
        if (a instanceof String x && b instanceof String y) {
            c.allocate((long) x.length() + y.length());
            return x.concat(y);
        }
        boolean tuples = a instanceof PyTuple && b instanceof PyTuple;
        if (tuples || a instanceof List<?> && b instanceof List<?> && isSequence(a) && isSequence(b)
                && !(a instanceof PyTuple) && !(b instanceof PyTuple)) {
            List<?> x = (List<?>) java.util.Objects.requireNonNull(a);
            List<?> y = (List<?>) java.util.Objects.requireNonNull(b);
            c.allocate((long) x.size() + y.size());
            List<@Nullable Object> out = new ArrayList<>(x.size() + y.size());
            out.addAll(x);
            out.addAll(y);
            return tuples ? PyTuple.of(out) : out;
        }
        if (a instanceof String) {
            throw JinjaError.runtime("can only concatenate str (not \"" + Py.typeName(b) + "\") to str");
        }
        throw unsupported("+", a, b);
    }

    private static Object repeat(Context c, @Nullable Object sequence, long count) {
        int times = (int) Math.max(0, Math.min(Integer.MAX_VALUE, count));
        if (sequence instanceof String s) {
            c.allocate((long) s.length() * times);
            return s.repeat(s.isEmpty() ? 0 : times);
        }
        List<?> list = (List<?>) java.util.Objects.requireNonNull(sequence);
        c.allocate((long) list.size() * times);
        List<@Nullable Object> out = new ArrayList<>(list.size() * times);
        for (int i = 0; i < times && !list.isEmpty(); i++) {
            out.addAll(list);
        }
        return sequence instanceof PyTuple ? PyTuple.of(out) : out;
    }

    private static Object integers(String op, long a, long b) {
        return switch (op) {
            case "+" -> Math.addExact(a, b);
            case "-" -> Math.subtractExact(a, b);
            case "*" -> Math.multiplyExact(a, b);
            case "/" -> (double) a / nonZero(b, "division by zero");
            case "//" -> Math.floorDivExact(a, nonZero(b, "integer division or modulo by zero"));
            case "%" -> Math.floorMod(a, nonZero(b, "integer division or modulo by zero"));
            default -> b >= 0 ? (Object) power(a, b) : doubles("**", a, b);
        };
    }

    private static long nonZero(long b, String message) {
        if (b == 0) {
            throw JinjaError.runtime(message);
        }
        return b;
    }

    private static long power(long base, long exponent) {
        if (base == 0 || base == 1 || base == -1) {
            return exponent == 0 ? 1 : base == -1 ? exponent % 2 == 0 ? 1 : -1 : base;
        }
        long result = 1;
        for (long i = 0; i < exponent; i++) {
            result = Math.multiplyExact(result, base);
        }
        return result;
    }

    private static Object doubles(String op, double a, double b) {
        if (b == 0 && (op.equals("/") || op.equals("//") || op.equals("%"))) {
            throw JinjaError.runtime(op.equals("%") ? "float modulo" : "float division by zero");
        }
        return switch (op) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / b;
            case "//" -> floorDiv(a, b);
            case "%" -> mod(a, b);
            default -> pow(a, b);
        };
    }

    private static double mod(double a, double b) {
        double r = a % b;
        if (r == 0) {
            return Math.copySign(0, b);
        }
        return r < 0 != b < 0 ? r + b : r;
    }

    private static double floorDiv(double a, double b) {
        double quotient = (a - mod(a, b)) / b;
        if (quotient == 0) {
            return Math.copySign(0, a / b);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double pow(double a, double b) {
        if (a == 0 && b < 0) {
            throw JinjaError.runtime("0.0 cannot be raised to a negative power");
        }
        if (a < 0 && b != Math.rint(b) && !Double.isInfinite(b)) {
            throw JinjaError.runtime("a negative number cannot be raised to a fractional power");
        }
        // Java's pow differs here: IEEE says 1
        double result = a == 1 || a == -1 && Double.isInfinite(b) ? 1 : Math.pow(a, b);
        if (Double.isInfinite(result) && !Double.isInfinite(a) && !Double.isInfinite(b)) {
            throw JinjaError.runtime("numerical result out of range");
        }
        return result;
    }

    static Object negate(@Nullable Object v) {
        return switch (v) {
            case Double d -> -d;
            case Undefined u -> throw u.fail();
            case null, default -> {
                if (!Py.isInt(v)) {
                    throw JinjaError.runtime("bad operand type for unary -: '" + Py.typeName(v) + "'");
                }
                if (Py.toLong(v) == Long.MIN_VALUE) {
                    throw JinjaError.runtime("the result of '-' does not fit 64 bits");
                }
                yield -Py.toLong(v);
            }
        };
    }

    static Object plus(@Nullable Object v) {
        return switch (v) {
            case Double d -> d;
            case Undefined u -> throw u.fail();
            case null, default -> {
                if (!Py.isInt(v)) {
                    throw JinjaError.runtime("bad operand type for unary +: '" + Py.typeName(v) + "'");
                }
                yield Py.toLong(v);
            }
        };
    }
}
