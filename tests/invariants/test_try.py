def test_stage(crawl):
    from collections import Counter

    print(
        len(crawl.answers), Counter((a.method, a.status) for a in crawl.answers), Counter(a.who for a in crawl.answers)
    )
    print(Counter(a.route for a in crawl.answers).most_common(12))
    for a in crawl.answers:
        if a.status >= 400:
            print(a)
    print(crawl.changed)
    print(crawl.unsound[:20])
    print(len(crawl.flashed), len(crawl.logged))
