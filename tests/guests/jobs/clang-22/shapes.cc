// C++20: a concept, virtual functions, lambdas, a container of its own and <new> and <type_traits> of libc++. (<vector> alone
// takes 1.0e10 gas to compile.)
#include <new>
#include <stdio.h>
#include <type_traits>

template <typename T, int capacity>
class List {
public:
    template <typename U>
        requires std::is_convertible_v<U, T>
    void push(U item)
    {
        new (&storage[count++ * sizeof(T)]) T(item);
    }
    T *begin() { return reinterpret_cast<T *>(storage); }
    T *end() { return begin() + count; }

private:
    alignas(T) unsigned char storage[capacity * sizeof(T)];
    int count = 0;
};

template <typename T>
concept Measured = requires(const T &shape) {
    { shape.area() };
};

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
    virtual const char *name() const { return "shape"; }
};

struct Square : Shape {
    explicit Square(double side) : side(side) {}
    double area() const override { return side * side; }
    const char *name() const override { return "square"; }
    double side;
};

struct Circle : Shape {
    explicit Circle(double radius) : radius(radius) {}
    double area() const override { return 3.141592653589793 * radius * radius; }
    double radius;
};

template <Measured T>
static double doubled(const T &shape)
{
    return 2 * shape.area();
}

int main()
{
    List<Shape *, 8> shapes;
    for (int i = 1; i < 6; i++) {
        shapes.push(i % 2 ? static_cast<Shape *>(new Square(i)) : new Circle(i / 2.0));
    }
    auto sum = [](auto first, auto last, double start) {
        for (; first != last; ++first) {
            start += doubled(**first);
        }
        return start;
    };
    for (const Shape *shape : shapes) {
        printf("%s %.6f\n", shape->name(), shape->area());
    }
    printf("%.6f\n", sum(shapes.begin(), shapes.end(), 0.5));
    for (Shape *shape : shapes) {
        delete shape;
    }
    return 0;
}
