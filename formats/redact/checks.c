#include "formats/redact/checks.h"

static unsigned digit(char c)
{
    return (unsigned)(c - '0');
}

static unsigned weighted(const char *digits, const unsigned char *weights, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += digit(digits[i]) * weights[i];
    return sum;
}

bool is_luhn(const char *digits, size_t n)
{
    static const unsigned char doubled[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned d = digit(digits[n - 1 - i]);
        sum += i % 2 ? doubled[d] : d;
    }
    return sum % 10 == 0;
}

unsigned mod_97(struct str text, unsigned so_far)
{
    uint64_t number = so_far;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c >= '0' && c <= '9')
            number = number * 10 + digit(c);
        else if (c >= 'A' && c <= 'Z')
            number = number * 100 + (unsigned)(c - 'A') + 10;
        if (number > UINT64_MAX / 1000)
            number %= 97;
    }
    return (unsigned)(number % 97);
}

bool is_mod_11_10(const char *digits, size_t n)
{
    unsigned product = 10;
    for (size_t i = 0; i + 1 < n; i++) {
        unsigned sum = (digit(digits[i]) + product) % 10;
        product = (sum ? sum : 10) * 2 % 11;
    }
    return (digit(digits[n - 1]) + product) % 10 == 1;
}

bool is_verhoeff(const char *digits, size_t n)
{
    /* The dihedral group of order 10, and the powers of a permutation. */
    static const unsigned char product[10][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
        {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
        {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
        {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
        {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
    };
    static const unsigned char permuted[8][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
        {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
        {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
        {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
    };
    unsigned check = 0;
    for (size_t i = 0; i < n; i++)
        check = product[check][permuted[i % 8][digit(digits[n - 1 - i])]];
    return check == 0;
}

bool is_nhs(const char *digits, size_t n)
{
    static const unsigned char weights[10] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    return n == 10 && weighted(digits, weights, n) % 11 == 0;
}

bool is_bsn(const char *digits, size_t n)
{
    static const unsigned char weights[9] = {9, 8, 7, 6, 5, 4, 3, 2, 10}; /* 10 is -1 */
    return n == 9 && weighted(digits, weights, n) % 11 == 0;
}

bool is_tfn(const char *digits, size_t n)
{
    static const unsigned char of_nine[9] = {1, 4, 3, 7, 5, 8, 6, 9, 10};
    static const unsigned char of_eight[8] = {10, 7, 8, 4, 6, 3, 5, 1};
    return (n == 8 || n == 9) && weighted(digits, n == 9 ? of_nine : of_eight, n) % 11 == 0;
}

bool is_medicare(const char *digits, size_t n)
{
    static const unsigned char weights[8] = {1, 3, 7, 9, 1, 3, 7, 9};
    return n == 10 && weighted(digits, weights, 8) % 10 == digit(digits[8]);
}

bool is_cpf(const char *digits, size_t n)
{
    static const unsigned char weights[11] = {11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    if (n != 11)
        return false;
    unsigned first = weighted(digits, weights + 1, 9) * 10 % 11 % 10;
    unsigned second = weighted(digits, weights, 10) * 10 % 11 % 10;
    return digit(digits[9]) == first && digit(digits[10]) == second;
}

bool is_pesel(const char *digits, size_t n)
{
    static const unsigned char weights[11] = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
    return n == 11 && weighted(digits, weights, n) % 10 == 0;
}

bool is_nir(const char *digits, size_t n)
{
    return n == 15 &&
           mod_97(str_of(digits, 13), 0) + digit(digits[13]) * 10 + digit(digits[14]) == 97;
}

char dni_letter(unsigned number)
{
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23];
}

char fiscal_code_letter(const char text[15])
{
    /* What a letter, or the digit with its place in the alphabet, counts at the first, third, fifth place. */
    static const unsigned char odd[26] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                          20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    unsigned sum = 0;
    for (size_t i = 0; i < 15; i++) {
        unsigned place = digit(text[i]) < 10 ? digit(text[i]) : (unsigned)(text[i] - 'A');
        sum += i % 2 ? place : odd[place];
    }
    return (char)('A' + sum % 26);
}
