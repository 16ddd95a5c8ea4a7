<?php
// XML, HTML, images, generators, closures, classes.
$document = new DOMDocument();
$document->loadXML('<books><book id="1"><title>Blot &amp; ink</title></book><book id="2"><title>Später</title></book></books>');
$path = new DOMXPath($document);
foreach ($path->query('//book[@id > 1]/title') as $node) echo $node->textContent, "\n";
$document->documentElement->appendChild($document->createElement('book', 'new'))->setAttribute('id', '3');
$document->save('/job/books.xml');
echo count(simplexml_load_file('/job/books.xml')->book), ' ', file_get_contents('/job/books.xml');
@$document->loadHTML('<p>one<p>two <b>bold');
echo $document->saveHTML();
$writer = new XMLWriter();
$writer->openMemory();
$writer->startElement('a');
$writer->writeAttribute('b', '"<&');
$writer->text('t>');
$writer->endElement();
echo $writer->outputMemory(), "\n";
function squares(int $count): Generator
{
    for ($i = 0; $i < $count; $i++) $got = yield $i => $i * $i;
    return 'end';
}
$squares = squares(5);
foreach ($squares as $key => $value) echo "$key:$value ";
echo $squares->getReturn(), "\n";
enum Suit: string
{
    case Hearts = 'H';
    case Spades = 'S';
    public function label(): string { return ucfirst(strtolower($this->name)); }
}
final class Point implements JsonSerializable, Countable
{
    public function __construct(public readonly int $x = 0, private ?Point $next = null) {}
    public function count(): int { return 1 + ($this->next ? count($this->next) : 0); }
    public function jsonSerialize(): mixed { return ['x' => $this->x, 'next' => $this->next]; }
}
echo Suit::from('S')->label(), ' ', json_encode(new Point(1, new Point(2))), ' ', count(new Point(1, new Point(2))), "\n";
$heap = new SplMinHeap();
foreach ([5, 3, 9, 1] as $n) $heap->insert($n);
echo $heap->extract(), match (true) { $heap->top() > 2 => ' more', default => ' less' }, "\n";
$image = imagecreatetruecolor(40, 30);
imagefilledellipse($image, 20, 15, 30, 20, imagecolorallocate($image, 200, 10, 60));
imagebmp($image, '/job/ellipse.bmp', false);
echo filesize('/job/ellipse.bmp'), ' ', imagecolorat($image, 20, 15), "\n";
echo (new DateTimeImmutable('2024-02-28', new DateTimeZone('UTC')))->modify('+2 days')->format(DATE_ATOM), "\n";
