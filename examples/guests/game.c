/* A game for two: each frame moves two bats by the players' inputs and a ball that the store's
 * random numbers serve. All of it is state of the store. */

#define EXPORT(name) __attribute__((export_name(name)))

__attribute__((import_module("reprise"), import_name("random_u64"))) unsigned long long random_u64(
    void);

enum { WIDTH = 160, HEIGHT = 96, BAT = 12 };

static struct {
    int bat[2];
    int ball_x, ball_y;
    int speed_x, speed_y;
    unsigned score[2];
    unsigned frame;
} game = {.bat = {HEIGHT / 2, HEIGHT / 2}, .ball_x = -1};

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static void serve(void)
{
    unsigned long long dice = random_u64();
    game.ball_x = WIDTH / 2;
    game.ball_y = (int)(dice % HEIGHT);
    game.speed_x = dice >> 32 & 1 ? 5 : -5;
    game.speed_y = (int)(dice >> 33 & 7) - 3;
}

/* The ball at a side: back from the bat, or a point for the other. */
static void meet_side(int side)
{
    int distance = game.ball_y - game.bat[side];
    if (distance < -BAT || distance > BAT) {
        game.score[1 - side]++;
        serve();
    } else {
        game.speed_x = -game.speed_x;
        game.speed_y = clamp(game.speed_y + distance / 4, -6, 6);
    }
}

EXPORT("frame") void frame(int left, int right)
{
    if (game.ball_x < 0) {
        serve();
    }
    game.frame++;
    game.bat[0] = clamp(game.bat[0] + clamp(left, -1, 1) * 4, 0, HEIGHT);
    game.bat[1] = clamp(game.bat[1] + clamp(right, -1, 1) * 4, 0, HEIGHT);
    game.ball_x += game.speed_x;
    game.ball_y += game.speed_y;
    if (game.ball_y < 0 || game.ball_y > HEIGHT) {
        game.speed_y = -game.speed_y;
        game.ball_y = clamp(game.ball_y, 0, HEIGHT);
    }
    if (game.ball_x <= 0) {
        meet_side(0);
    } else if (game.ball_x >= WIDTH) {
        meet_side(1);
    }
}

EXPORT("score") unsigned score(int side)
{
    return game.score[side & 1];
}

EXPORT("digest") unsigned long long digest(void)
{
    const unsigned char *bytes = (const unsigned char *)&game;
    unsigned long long hash = 14695981039346656037u;
    for (unsigned i = 0; i < sizeof game; i++) {
        hash = (hash ^ bytes[i]) * 1099511628211u;
    }
    return hash;
}
