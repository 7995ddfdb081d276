// One lookup by /v1; the question comes as JSON on standard input. .NET 8 or newer.
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

// A program keeps one HttpClient for all its lookups.
using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
    "Bearer", Environment.GetEnvironmentVariable("TRACUU_API_KEY"));
var url = Environment.GetEnvironmentVariable("TRACUU_URL") + "/v1/lookups";
Console.OutputEncoding = Encoding.UTF8;

using var stdin = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
using var question = new StringContent(
    await stdin.ReadToEndAsync(), Encoding.UTF8, "application/json");
try
{
    using var response = await http.PostAsync(url, question);
    using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
    var answer = document.RootElement;
    if (!response.IsSuccessStatusCode)
    {
        var todo = answer.GetProperty("action").GetProperty("vi");
        Console.Error.WriteLine(
            $"{answer.GetProperty("code")}: {answer.GetProperty("detail")}\n→ {todo}");
        return 1;
    }

    // Every "no" is an answer, too.
    var result = answer.GetProperty("result");
    Console.WriteLine(
        $"{result.GetProperty("code")} {result.GetProperty("text").GetProperty("vi")}");
    Console.WriteLine($"→ {result.GetProperty("next_step").GetProperty("vi")}");
    var coverage = answer.GetProperty("coverage");
    if (coverage.ValueKind == JsonValueKind.Object
        && coverage.GetProperty("card") is { ValueKind: JsonValueKind.Object } card)
    {
        Console.WriteLine(
            $"{card.GetProperty("card_number")} {card.GetProperty("valid_to")}");
    }
    return 0;
}
catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
{
    Console.Error.WriteLine($"no answer: {error.Message}");
    return 1;
}
